// Receipts (C2SP tlog-proof): the leaf made again from its fields, and the path up to the root.

const MAGIC = "c2sp.org/tlog-proof@v1";
const EXTRA_CHARS_MAX = 4096;
const PATH_MAX = 63;
const RECEIPT_CHARS_MAX = NOTE_CHARS_MAX + EXTRA_CHARS_MAX + 64 * PATH_MAX;
const FEN = "(-?(?:0|[1-9][0-9]{0,17}))";
const OPENING = new RegExp(
  '^\\{"number":"([0-9]{20})",' +
    '"issued_at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\\.([0-9]{6}))?Z",' +
    `"net_fen":${FEN},"tax_fen":${FEN},` +
    '"digest":"([0-9a-f]{64})","salt":"([0-9a-f]{32})"\\}$',
);

function readReceipt(text) {
  const gap = text.indexOf("\n\n");
  const lines = text.slice(0, gap).split("\n");
  if (text.length > RECEIPT_CHARS_MAX || gap < 0 || lines.shift() !== MAGIC) {
    throw new Unreadable(MAGIC);
  }
  let extra = new Uint8Array();
  if (lines[0]?.startsWith("extra ")) {
    const line = lines.shift();
    if (line.length > EXTRA_CHARS_MAX) throw new Unreadable("extra");
    extra = fromBase64(line.slice(6));
  }
  const place = lines.shift();
  if (!place?.startsWith("index ") || lines.length > PATH_MAX) throw new Unreadable("index");
  const path = lines.map(fromBase64);
  if (path.some((node) => node.length !== 32)) throw new Unreadable("path");
  return { index: readSize(place.slice(6)), path, note: text.slice(gap + 2), extra };
}

// The fields of the leaf, in their only spelling; null if they are anything else.
function readOpening(extra) {
  const found = OPENING.exec(new TextDecoder("utf-8", { ignoreBOM: true }).decode(extra));
  if (!found) return null;
  const [, number, seconds, fraction, net, tax, digest, salt] = found;
  const us = microsecondsOf(seconds, fraction ?? "0");
  if (us === null || /^0+$/.test(fraction ?? "1") || net === "-0" || tax === "-0") return null;
  return { number, us, net: BigInt(net), tax: BigInt(tax), digest, salt };
}

// Since 1970, UTC; null if there is no such second.
function microsecondsOf(seconds, fraction) {
  const instant = new Date(`${seconds}Z`);
  const isReal = !Number.isNaN(instant.getTime()) && !seconds.startsWith("0000");
  if (!isReal || instant.toISOString() !== `${seconds}.000Z`) return null;
  return BigInt(instant.getTime()) * 1000n + BigInt(fraction);
}

// 32 bytes: what the public log knows of an invoice.
async function leafOf(opening) {
  return sha256(
    joined(
      utf8("kaipiao/issued/v1\0"),
      fromHex(opening.salt),
      utf8(opening.number),
      eightBytes(opening.us),
      eightBytes(opening.net),
      eightBytes(opening.tax),
      fromHex(opening.digest),
    ),
  );
}

const nodeOf = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

// The root of the only tree of this size in which the path leads up from this leaf; null: of none.
async function rootFrom(leaf, index, size, path) {
  if (index >= size) return null;
  let node = await sha256(joined(Uint8Array.of(0), leaf));
  let [place, edge] = [index, size - 1n];
  for (const sibling of path) {
    if (edge === 0n) return null;
    if (place & 1n || place === edge) {
      node = await nodeOf(sibling, node);
      while (!(place & 1n) && place) [place, edge] = [place >> 1n, edge >> 1n];
    } else {
      node = await nodeOf(node, sibling);
    }
    [place, edge] = [place >> 1n, edge >> 1n];
  }
  return edge === 0n ? node : null;
}

// trust: {keys, policy or null}.  Codes of faults are those of `kaipiao verify`.
async function judgeReceipt(text, trust, draftBytes = null) {
  let receipt, note, checkpoint;
  try {
    receipt = readReceipt(text);
    note = readNote(receipt.note);
    checkpoint = readCheckpoint(note.text);
  } catch (error) {
    if (error instanceof Unreadable) return { faults: ["receipt-unreadable"], grade: "" };
    throw error;
  }
  const faults = await signatureFaults(note, checkpoint.origin, trust.keys);
  const seen = trust.policy ? await witnessed(trust.policy, note) : null;
  const opening = readOpening(receipt.extra);
  if (!opening) faults.push("opening-unreadable");
  else faults.push(...(await placeFaults(opening, receipt, checkpoint)));
  if (opening && draftBytes && toHex(await sha256(draftBytes)) !== opening.digest) {
    faults.push("digest-differs");
  }
  const grade = faults.length ? "" : seen && seen.at !== null ? "E2" : "E1";
  const isStamped = await hasStamp(note);
  return { faults, grade, opening, checkpoint, index: receipt.index, seen, isStamped };
}

async function signatureFaults(note, origin, keys) {
  const named = keys.filter((key) => key.name === origin);
  const standings = [];
  for (const key of named.length ? named : keys.slice(0, 1)) {
    standings.push(await standingOf(key, note));
  }
  const standing = standings.includes("signed") ? "signed" : standings[0];
  const faults = named.length ? [] : ["other-log"];
  if (standing === "unsigned") faults.push("not-signed-by-key");
  if (standing === "forged") faults.push("signature-forged");
  return faults;
}

async function placeFaults(opening, receipt, checkpoint) {
  const leaf = await leafOf(opening);
  const root = await rootFrom(leaf, receipt.index, checkpoint.size, receipt.path);
  if (!root) return ["path-impossible"];
  return isSame(root, checkpoint.root) ? [] : ["not-in-log"];
}
