// Our XML: the evidence inside it, and whether what it shows is what the evidence says.
// A tree is {tag, attributes: [[name, value]], text, children, tail}, as any parser can make it.

const EVIDENCE = "PlatformEvidence";
const FORM = "kaipiao-einvoice-1";
const DIFFERENCES_MAX = 20;

function leavesOf(root, without) {
  const leaves = [];
  const walk = (element, path) => {
    for (const [name, value] of element.attributes) leaves.push([`${path}@${name}`, value]);
    if (!element.children.length) {
      leaves.push([path, element.text]);
      return;
    }
    if (element.text.trim()) leaves.push([`${path}#text`, element.text]);
    for (const child of element.children) {
      const below = path ? `${path}/${child.tag}` : child.tag;
      if (below !== without) walk(child, below);
      if (child.tail.trim()) leaves.push([`${path}#text`, child.tail]);
    }
  };
  walk(root, "");
  return leaves;
}

function found(element, name) {
  const all = element.children.filter((child) => child.tag === name);
  if (all.length > 1) throw new Unreadable(name);
  return all[0] ?? null;
}

const textIn = (element, name) => (found(element, name)?.text ?? "").trim();

// null: nothing of ours is in it.
function readEvidence(root) {
  const evidence = root.tag === "EInvoice" ? found(root, EVIDENCE) : null;
  if (!evidence) return null;
  if (textIn(evidence, "Form") !== FORM) throw new Unreadable("Form");
  const at = /^(.{19})(?:\.([0-9]{1,6}))?Z$/.exec(textIn(evidence, "IssuedAt"));
  const us = at && microsecondsOf(at[1], (at[2] ?? "").padEnd(6, "0"));
  if (us === null) throw new Unreadable("IssuedAt");
  const header = root.children.find((child) => child.tag === "Header");
  return {
    us,
    number: header?.children.find((child) => child.tag === "EIid")?.text ?? "",
    draftBytes: fromLooseBase64(textIn(evidence, "Draft")),
    receipt: new TextDecoder().decode(fromLooseBase64(textIn(evidence, "Receipt"))),
    salt: textIn(evidence, "LeafSalt"),
    isSigned: found(evidence, "Signature") !== null,
  };
}

function readTree(root) {
  const evidence = readEvidence(root);
  if (!evidence) return null;
  const draft = readDraft(evidence.draftBytes);
  const due = dueLeaves(evidence.number, evidence.us, draft);
  return { ...evidence, draft, due, sums: sumsOf(amountsOf(draft)) };
}

// Adds the document to what judgeReceipt finds: {..., carried, differences}.
async function judgeTree(root, trust) {
  let carried;
  try {
    carried = readTree(root);
  } catch {
    return { faults: ["document-unreadable"], grade: "" }; // no draft that anyone can have issued
  }
  if (!carried) return { faults: ["evidence-missing"], grade: "" };
  if (!carried.receipt) return { faults: ["receipt-missing"], grade: "", carried };
  const verdict = await judgeReceipt(carried.receipt, trust, carried.draftBytes);
  const shown = leavesOf(root, EVIDENCE);
  const differences = differencesOf(shown, carried.due);
  if (verdict.opening) differences.push(...againstLog(carried, verdict.opening));
  const faults = differences.length ? [...verdict.faults, "shown-differs"] : verdict.faults;
  return { ...verdict, faults, grade: faults.length ? "" : verdict.grade, carried, differences };
}

// Where the two lists first part, and where else as long as they are equally long.
function differencesOf(shown, due) {
  const differences = [];
  const isEven = shown.length === due.length;
  for (let at = 0; at < Math.max(shown.length, due.length); at += 1) {
    const [path, text] = shown[at] ?? ["", ""];
    const [duePath, dueText] = due[at] ?? ["", ""];
    if (path === duePath && text === dueText && shown[at] && due[at]) continue;
    differences.push({ path: duePath || path, shown: path === duePath || !duePath ? text : "", due: dueText });
    if (!isEven || differences.length >= DIFFERENCES_MAX) break;
  }
  return differences;
}

function againstLog(carried, opening) {
  const pairs = [
    ["Header/EIid", carried.number, opening.number],
    ["IssuedAt", `${carried.us}`, `${opening.us}`],
    ["TotalAmWithoutTax", yuan(carried.sums[0]), yuan(opening.net)],
    ["TotalTaxAm", yuan(carried.sums[1]), yuan(opening.tax)],
    ["LeafSalt", carried.salt || opening.salt, opening.salt],
  ];
  return pairs
    .filter(([, said, logged]) => said !== logged)
    .map(([path, shown, due]) => ({ path, shown, due }));
}
