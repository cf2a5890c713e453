// Bytes, in the few spellings that receipts use.  What has two spellings is refused.

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function isSame(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

// As a file may carry it: white space anywhere is passed over.
function fromLooseBase64(text) {
  const dense = text.replace(/\s+/gu, "");
  if (dense.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(dense)) throw new Unreadable("base64");
  return Uint8Array.from(atob(dense), (letter) => letter.charCodeAt(0));
}

function fromBase64(text) {
  if (/\s/u.test(text)) throw new Unreadable("base64");
  const bytes = fromLooseBase64(text);
  if (toBase64(bytes) !== text) throw new Unreadable("base64");
  return bytes;
}

// A signed whole number in eight bytes, the greatest first.
function eightBytes(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, number);
  return bytes;
}

// What is read is not what it should be: where, for the curious.
class Unreadable extends Error {}
