// What a person does here: drop, choose, paste; and two switches.

const FILES_MAX = 200;
const byId = (id) => document.getElementById(id);

// Keys of other kinds (ML-DSA, SM2) are passed over: a log that has one has an Ed25519 key, too.
async function readTrust() {
  const trust = { keys: [], policy: null };
  for (const line of byId("keys").value.split("\n")) {
    if (!line.trim() || line.startsWith("#")) continue;
    const key = await readVkey(line);
    if (key.kind === COSIGNATURE) throw new Unreadable("a witness's key");
    if (key.kind === ED25519) trust.keys.push(key);
  }
  if (byId("policy").value.trim()) trust.policy = await readPolicy(byId("policy").value);
  return trust;
}

const undecided = (fault) => ({ faults: [fault], grade: "" });

async function judgeFile(bytes, trust) {
  const { kind, texts } = await openFile(bytes);
  if (kind === "code") return { kind, verdict: undecided("code") };
  if (!texts.length) return { kind, verdict: undecided("evidence-missing") };
  if (new Set(texts).size > 1) return { kind, verdict: undecided("several-invoices") };
  if (kind === "receipt") return { kind, verdict: await judgeReceipt(texts[0], trust) };
  const tree = treeOf(texts[0]);
  if (!tree) return { kind, verdict: undecided("document-unreadable") };
  return { kind, verdict: await judgeTree(tree, trust) };
}

// Never throws: whatever goes wrong is a result.
async function judgeAnything(name, bytes) {
  let trust;
  try {
    trust = await readTrust();
  } catch {
    return { name, verdict: undecided("key-unreadable") };
  }
  if (!trust.keys.length) return { name, verdict: undecided("key-missing") };
  try {
    const found = await judgeFile(bytes, trust);
    return { name, ...found, hasWitnesses: trust.policy !== null };
  } catch {
    return { name, verdict: undecided("file-unreadable") };
  }
}

async function show(name, bytes) {
  const result = await judgeAnything(name, bytes);
  if (result.verdict.faults.some((fault) => fault.startsWith("key-"))) byId("trust").open = true;
  byId("results").append(cardOf(result));
}

async function showFiles(files) {
  byId("results").replaceChildren();
  for (const file of [...files].slice(0, FILES_MAX)) {
    const isLarge = file.size > XML_BYTES_MAX;
    await show(file.name, isLarge ? new Uint8Array(XML_BYTES_MAX + 1) : new Uint8Array(await file.arrayBuffer()));
  }
  byId("results").scrollIntoView({ block: "start", behavior: "smooth" });
}

async function showText() {
  byId("results").replaceChildren();
  const text = byId("text").value.replace(/^\s+/, "");
  if (text) await show("", utf8(text.endsWith("\n") ? text : `${text}\n`));
}

function switchLanguage() {
  const root = document.documentElement;
  root.lang = root.lang === "zh" ? "en" : "zh";
}

function switchTheme() {
  const root = document.documentElement;
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme ?? (isDark ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
}

function listen() {
  const drop = byId("drop");
  const over = (is) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", is);
  };
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) showFiles(event.dataTransfer.files);
  });
  byId("files").addEventListener("change", ({ target }) => {
    showFiles(target.files);
    target.value = ""; // so that the same file may be chosen again
  });
  byId("judge").addEventListener("click", showText);
}

// A page that was saved after it was used carries what it showed: an old answer is no answer.
function forget() {
  for (const id of ["results", "banner"]) byId(id).replaceChildren();
  byId("banner").hidden = true;
  for (const id of ["drop", "paste"]) byId(id).hidden = false;
}

async function start() {
  forget();
  if (!navigator.language.startsWith("zh")) document.documentElement.lang = "en";
  byId("trust").open = !byId("keys").value.trim();
  byId("language").addEventListener("click", switchLanguage);
  byId("theme").addEventListener("click", switchTheme);
  if (await isAbleBrowser()) {
    listen();
    return;
  }
  const words = [
    "这个浏览器太旧, 不会核对 Ed25519 签名, 所以本页不下结论。请更新浏览器 (Chrome、Edge 137, Firefox 129, Safari 17 以上), 或使用命令 kaipiao verify。",
    "This browser is too old to check Ed25519 signatures, so this page gives no answer. Update it (Chrome or Edge 137, Firefox 129, Safari 17 or later), or use the command kaipiao verify.",
  ];
  byId("banner").append(both(words));
  byId("banner").hidden = false;
  for (const id of ["drop", "paste"]) byId(id).hidden = true;
}

start();
