// Which witnesses to believe: a C2SP tlog-policy, or witnesses' keys alone, one a line.

async function readPolicy(text) {
  const policy = { witnesses: new Map(), groups: new Map(), quorum: "" };
  const bare = [];
  for (const line of text.split("\n")) {
    const words = line.split(/[ \t\r]+/).filter(Boolean);
    if (!words.length || words[0].startsWith("#")) continue;
    if (words.length === 1) bare.push(await readWitness(words[0]));
    else await readRule(policy, words);
  }
  if (!bare.length) return checkedPolicy(policy);
  if (policy.quorum || policy.witnesses.size) throw new Unreadable("policy");
  bare.forEach((key, at) => policy.witnesses.set(`${at}`, key));
  policy.groups.set("all", { threshold: bare.length, members: [...policy.witnesses.keys()] });
  return checkedPolicy({ ...policy, quorum: "all" });
}

async function readWitness(text) {
  const key = await readVkey(text);
  if (key.kind !== COSIGNATURE) throw new Unreadable(`${key.name}: no witness's key`);
  return key;
}

async function readRule(policy, [keyword, name, ...rest]) {
  if (keyword === "log") return;
  if (keyword === "quorum" && !policy.quorum && !rest.length) {
    policy.quorum = name;
    return;
  }
  if (policy.witnesses.has(name) || policy.groups.has(name) || name === "none") {
    throw new Unreadable(name);
  }
  if (keyword === "witness" && rest.length >= 1 && rest.length <= 2) {
    policy.witnesses.set(name, await readWitness(rest[0]));
  } else if (keyword === "group" && rest.length >= 2) {
    policy.groups.set(name, readGroup(policy, rest));
  } else {
    throw new Unreadable(`${keyword} ${name}`);
  }
}

function readGroup(policy, [threshold, ...members]) {
  const count = { any: 1, all: members.length }[threshold] ?? Number(threshold);
  const isKnown = (name) => policy.witnesses.has(name) || policy.groups.has(name);
  const taken = [...policy.groups.values()].flatMap((group) => group.members);
  const isOnce = new Set([...taken, ...members]).size === taken.length + members.length;
  if (!Number.isInteger(count) || count < 1 || count > members.length || !isOnce) {
    throw new Unreadable(`group ${members.join(" ")}`);
  }
  if (!members.every(isKnown)) throw new Unreadable(`group ${members.join(" ")}`);
  return { threshold: count, members };
}

// One key, one witness: the text that is cosigned does not name it.
function checkedPolicy(policy) {
  const keys = new Set([...policy.witnesses.values()].map((key) => toHex(key.public)));
  if (keys.size !== policy.witnesses.size) throw new Unreadable("policy");
  const { quorum } = policy;
  const isKnown = policy.witnesses.has(quorum) || policy.groups.has(quorum) || quorum === "none";
  if (!isKnown) throw new Unreadable("quorum");
  return policy;
}

// Who cosigned, and by which second the quorum had (null: it had not).
async function witnessed(policy, note) {
  const times = new Map();
  for (const [name, key] of policy.witnesses) {
    const at = await cosignedAt(key, note);
    if (at !== null) times.set(name, at);
  }
  const names = [...times.keys()].map((name) => policy.witnesses.get(name).name);
  return { names, at: policy.quorum === "none" ? null : reachedAt(policy, policy.quorum, times) };
}

function reachedAt(policy, name, times) {
  const group = policy.groups.get(name);
  if (!group) return times.get(name) ?? null;
  const reached = group.members.map((member) => reachedAt(policy, member, times));
  const sorted = reached.filter((at) => at !== null).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted.length < group.threshold ? null : sorted[group.threshold - 1];
}
