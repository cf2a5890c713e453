// Files: which kind one is, and the XML inside an OFD (a zip) or a PDF (a deflated stream).

const XML_BYTES_MAX = 16 * 1024 * 1024;
const PARTS_MAX = 2000;

const startsWith = (bytes, text) => isSame(bytes.subarray(0, text.length), utf8(text));

// {kind: receipt, xml, ofd, pdf, code or unknown, texts: what may be judged}
async function openFile(bytes) {
  if (bytes.length > XML_BYTES_MAX) throw new Unreadable("16 MB");
  if (startsWith(bytes, "PK\u0003\u0004")) return { kind: "ofd", texts: await xmlInZip(bytes) };
  if (startsWith(bytes, "%PDF-")) return { kind: "pdf", texts: await xmlInPdf(bytes) };
  const isPicture = bytes[0] === 0x89 || (bytes[0] === 0xff && bytes[1] === 0xd8);
  if (isPicture) return { kind: "code", texts: [] };
  const text = decoded(bytes);
  if (/^\s*</u.test(text)) return { kind: "xml", texts: [text] };
  if (/^\s*01,[0-9]{2},/.test(text)) return { kind: "code", texts: [text] };
  return { kind: "receipt", texts: [new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)] };
}

function decoded(bytes) {
  const start = String.fromCharCode(...bytes.subarray(0, 200));
  const declared = /^(?:\xef\xbb\xbf)?<\?xml[^>]{0,160}?encoding\s*=\s*["']([\w.-]{1,40})["']/.exec(start);
  let label = declared?.[1] ?? "utf-8";
  if (start.startsWith("\xff\xfe")) label = "utf-16le";
  if (start.startsWith("\xfe\xff")) label = "utf-16be";
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

async function inflated(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  const [parts, reader] = [[], stream.getReader()];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(...parts);
    size += value.length;
    if (size > XML_BYTES_MAX) throw new Unreadable("16 MB");
    parts.push(value);
  }
}

const isInvoice = (text) => /<(?:\w+:)?EInvoice[\s>]/.test(text) && text.includes(EVIDENCE);

async function xmlInZip(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const texts = [];
  for (const entry of zipEntries(view)) {
    if (!/\.xml$/i.test(entry.name)) continue;
    const start = entry.at + 30 + view.getUint16(entry.at + 26, true) + view.getUint16(entry.at + 28, true);
    const packed = bytes.subarray(start, start + entry.packed);
    const text = decoded(entry.method === 0 ? packed : await inflated(packed, "deflate-raw"));
    if (isInvoice(text)) texts.push(text);
  }
  return texts;
}

function zipEntries(view) {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Unreadable("zip");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count > PARTS_MAX) throw new Unreadable("zip");
  return Array.from({ length: count }, () => {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Unreadable("zip");
    const length = view.getUint16(at + 28, true);
    const entry = {
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      at: view.getUint32(at + 42, true),
      name: new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, length)),
    };
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    return entry;
  });
}

// Attached files are streams of their own, so their dictionaries stand in the open.
async function xmlInPdf(bytes) {
  const letters = new TextDecoder("latin1").decode(bytes);
  const texts = [];
  for (const found of letters.matchAll(/\/EmbeddedFile\b[^]{0,2000}?\bstream\r?\n/g)) {
    const start = found.index + found[0].length;
    const end = letters.indexOf("endstream", start);
    const packed = bytes.subarray(start, end);
    const text = decoded(await inflatedLoosely(packed));
    if (isInvoice(text)) texts.push(text);
  }
  return texts;
}

// A stream's end may be followed by a line end, which DecompressionStream takes for junk.
async function inflatedLoosely(packed) {
  for (let cut = 0; cut <= 2; cut += 1) {
    try {
      return await inflated(packed.subarray(0, packed.length - cut), "deflate");
    } catch {
      continue;
    }
  }
  return packed;
}

// From the browser's own parser; null if that is no XML, or has a DOCTYPE, which no invoice needs.
function treeOf(text) {
  const parsed = new DOMParser().parseFromString(text.replace(/^\ufeff/, ""), "application/xml");
  if (parsed.doctype || parsed.querySelector("parsererror")) return null;
  return treeFrom(parsed.documentElement);
}

function treeFrom(element) {
  const tree = { tag: element.localName, attributes: [], text: "", children: [], tail: "" };
  for (const { name, value } of element.attributes) {
    tree.attributes.push([name.slice(name.lastIndexOf(":") + 1), value]);
  }
  for (const node of element.childNodes) {
    const last = tree.children.at(-1);
    if (node.nodeType === 1) tree.children.push(treeFrom(node));
    else if (node.nodeType !== 3 && node.nodeType !== 4) continue;
    else if (last) last.tail += node.data;
    else tree.text += node.data;
  }
  return tree;
}
