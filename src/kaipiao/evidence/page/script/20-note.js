// Signed notes, verifier keys, checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature).

const NOTE_CHARS_MAX = 256 * 1024;
const SIGNATURES_MAX = 64;
const SIZE_MAX = 2n ** 63n - 1n;
const DASH = "\u2014 ";
const KEY_NAME = /^[^+\p{C}\p{Z}]{1,255}$/u;
const ED25519 = 1;
const COSIGNATURE = 4;

async function keyIdOf(name, key) {
  return toHex((await sha256(joined(utf8(name + "\n"), key))).subarray(0, 4));
}

// name+key id+base64: of a log (kind 1), of a witness (kind 4), or of a kind we do not know (0).
async function readVkey(text) {
  const parts = /^([^+]*)\+([^+]*)\+(.*)$/su.exec(text.trim());
  if (!parts || !KEY_NAME.test(parts[1])) throw new Unreadable("name+key id+base64");
  const key = fromBase64(parts[3]);
  const [, name, id] = parts;
  if (id !== (await keyIdOf(name, key))) throw new Unreadable("key id");
  const isKnown = key.length === 33 && (key[0] === ED25519 || key[0] === COSIGNATURE);
  return { name, id, kind: isKnown ? key[0] : 0, public: key.subarray(1) };
}

async function isSigned(publicBytes, signature, message) {
  try {
    const key = await crypto.subtle.importKey("raw", publicBytes, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch {
    return false; // no point of the curve; that the browser knows Ed25519 was asked before
  }
}

// Whether this browser can do what is needed: RFC 8032, section 7.1, test 2, right and wrong.
async function isAbleBrowser() {
  if (!globalThis.crypto?.subtle || typeof DecompressionStream === "undefined") return false;
  const key = fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = fromHex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" +
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  const right = await isSigned(key, signature, Uint8Array.of(0x72));
  return right && !(await isSigned(key, signature, Uint8Array.of(0x73)));
}

function readNote(raw) {
  if (raw.length > NOTE_CHARS_MAX || /[\0-\x09\x0b-\x1f]|\p{Cs}/u.test(raw)) {
    throw new Unreadable("note");
  }
  const gap = raw.lastIndexOf("\n\n");
  const lines = raw.slice(gap + 2).split("\n");
  if (gap < 1 || lines.pop() !== "" || lines.length < 1 || lines.length > SIGNATURES_MAX) {
    throw new Unreadable("note");
  }
  return { text: raw.slice(0, gap + 1), signatures: lines.map(readSignature) };
}

function readSignature(line) {
  const found = /^\u2014 ([^ ]+) (.*)$/su.exec(line);
  if (!found || !KEY_NAME.test(found[1])) throw new Unreadable("signature");
  const bytes = fromBase64(found[2]);
  if (bytes.length <= 4) throw new Unreadable("signature");
  return { name: found[1], id: toHex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
}

const linesOf = (key, note) => note.signatures.filter((s) => s.name === key.name && s.id === key.id);

// "signed", "unsigned" (no line claims to be by this key) or "forged" (one does and is not).
async function standingOf(key, note) {
  const lines = linesOf(key, note);
  if (!lines.length) return "unsigned";
  for (const line of lines) {
    if (!(await isSigned(key.public, line.bytes, utf8(note.text)))) return "forged";
  }
  return "signed";
}

// The Unix second at which a witness cosigned, or null.
async function cosignedAt(key, note) {
  let newest = null;
  for (const { bytes } of linesOf(key, note)) {
    if (bytes.length !== 72) return null;
    const seconds = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    const message = utf8(`cosignature/v1\ntime ${seconds}\n${note.text}`);
    const isGood = seconds > 0n && seconds <= SIZE_MAX;
    if (!isGood || !(await isSigned(key.public, bytes.subarray(8), message))) return null;
    if (newest === null || seconds > newest) newest = seconds;
  }
  return newest;
}

// Whether a line is a time stamp of RFC 3161, which this page knows of and does not check.
async function hasStamp(note) {
  const kind = joined(Uint8Array.of(0xff), utf8("kaipiao RFC 3161 time stamp v1"));
  for (const { name, id } of note.signatures) {
    if (id === (await keyIdOf(name, kind))) return true;
  }
  return false;
}

function readSize(text) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > SIZE_MAX) throw new Unreadable("size");
  return BigInt(text);
}

function readCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.some((line) => !line)) {
    throw new Unreadable("checkpoint");
  }
  const root = fromBase64(lines[2]);
  if (root.length !== 32) throw new Unreadable("root");
  return { origin: lines[0], size: readSize(lines[1]), root };
}
