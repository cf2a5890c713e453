// One result on the screen.  Text goes in as text: no file can put markup into this page.

function el(tag, name, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function both([zh, en]) {
  const [one, other] = [el("span", "", zh), el("span", "", en)];
  one.lang = "zh";
  other.lang = "en";
  const pair = document.createDocumentFragment();
  pair.append(one, other);
  return pair;
}

// result: {name, kind, verdict of judgeTree or judgeReceipt, hasWitnesses}
function cardOf({ name, kind, verdict, hasWitnesses }) {
  const { faults } = verdict;
  const isOpen = faults.length === 1 && OPEN.includes(faults[0]);
  const tone = !faults.length ? "genuine" : isOpen ? "open" : "false";
  const card = el("article", `card ${tone}`, headOf(tone, faults, verdict));
  card.append(el("p", "file", name, name && kind ? " · " : "", kind ? both(KINDS[kind]) : null));
  if (verdict.opening || verdict.carried) card.append(...invoiceOf(verdict));
  if (!isOpen) card.append(...checksOf(verdict, hasWitnesses, kind));
  if (verdict.checkpoint) card.append(detailsOf(verdict));
  return card;
}

function headOf(tone, faults, verdict) {
  const only = faults.find((fault) => OPEN.includes(fault) || fault === "other-log");
  const sentence = SENTENCES[tone === "genuine" ? (verdict.carried ? "document" : "receipt") : only ?? "false"];
  const mark = { genuine: "✓", false: "✗", open: "?" }[tone];
  const badge = el("span", "badge", mark);
  badge.ariaHidden = "true";
  const words = el("div", "", el("h2", "", both(VERDICTS[tone])), el("p", "", both(sentence)));
  return el("div", "verdict", badge, words);
}

function rowsOf(rows) {
  const list = el("dl");
  for (const [label, value, name] of rows) {
    if (value) list.append(el("dt", "", both(label)), el("dd", name ?? "", value));
  }
  return list;
}

function invoiceOf({ opening, carried, faults }) {
  const [net, tax] = opening ? [opening.net, opening.tax] : carried.sums;
  const [seller, buyer] = carried ? sidesOf(carried.draft) : [];
  const party = (who) => who && [who.name, who.taxpayer_id].filter(Boolean).join("  ");
  const kind = carried && both(KIND_OF[carried.draft.kind]);
  const rows = rowsOf([
    [["发票号码", "Number"], opening?.number ?? carried.number],
    [["种类", "Kind"], kind],
    [["开具时间", "Issued (Beijing)"], beijing(opening?.us ?? carried.us)],
    [["销售方", "Seller"], party(seller)],
    [["购买方", "Buyer"], party(buyer)],
    [["红字, 对应", "Red letter of"], carried?.draft.reversal?.original],
    [["金额", "Net"], `¥ ${yuan(net)}`],
    [["税额", "Tax"], `¥ ${yuan(tax)}`],
    [["价税合计", "Total with tax"], `¥ ${yuan(net + tax)}`, "sum"],
  ]);
  const claims = faults.every((fault) => fault === "shown-differs") ? RECORDED : CLAIMS;
  const parts = faults.length ? [el("p", "claims", both(claims)), rows] : [rows];
  return carried ? [...parts, tableOf(carried.draft)] : parts;
}

function tableOf(draft) {
  const head = [["项目", "Item"], ["数量", "Quantity"], ["金额", "Net"], ["税率", "Rate"], ["税额", "Tax"]];
  const amounts = amountsOf(draft);
  const body = draft.lines.slice(0, 100).map((line, at) => [
    [line.name, line.spec].filter(Boolean).join(" "),
    [line.quantity, line.unit].filter(Boolean).join(" "),
    yuan(amounts[at][0]),
    rateText(line, draft).replace(/^0\.([0-9]{2})([0-9]*)$/, (_, a, b) => `${Number(a)}${b && `.${b}`} %`),
    yuan(amounts[at][1]),
  ]);
  const side = (at) => (at ? "figure" : "");
  const rows = body.map((row) => el("tr", "", ...row.map((text, at) => el("td", side(at), text))));
  const more = draft.lines.length - body.length;
  if (more > 0) rows.push(el("tr", "", el("td", "", both([`另有 ${more} 行`, `${more} more lines`]))));
  const titles = el("tr", "", ...head.map((pair, at) => el("th", side(at), both(pair))));
  return el("div", "scroll", el("table", "", el("thead", "", titles), el("tbody", "", ...rows)));
}

function checksOf(verdict, hasWitnesses, kind) {
  const wrong = new Map(verdict.faults.map((code) => [FAULTS[code]?.[0], code]));
  const isRead = !wrong.has("readable");
  const names = ["readable", "log", "signature", "place", ...(verdict.carried ? ["content", "shown"] : [])];
  const rows = names.map((name) => {
    const code = wrong.get(name);
    if (code) return checkOf("no", FAULTS[code].slice(1), null, changesOf(name, verdict));
    if (isRead && !(name === "content" && !verdict.opening)) return checkOf("yes", CHECKS[name]);
    return checkOf("left", CHECKS[name], ["无从查起", "could not be looked at"]);
  });
  rows.push(witnessesOf(verdict, hasWitnesses));
  for (const words of leftOut(verdict, kind)) rows.push(checkOf("left", words));
  const title = el("h3", "", both(["逐项查验", "Each check"]));
  return [...(verdict.grade ? gradesOf(verdict.grade) : []), title, el("ul", "checks", ...rows)];
}

function checkOf(state, words, why, more) {
  const mark = el("span", "mark", { yes: "✓", no: "✗", left: "–" }[state]);
  const text = el("span", "", state === "no" ? el("b", "", both(words)) : both(words));
  if (why) text.append(el("small", "", both(why)));
  if (more) text.append(more);
  return el("li", state, mark, text);
}

function changesOf(name, { differences }) {
  if (name !== "shown" || !differences?.length) return null;
  const nothing = ["(无)", "(nothing)"];
  const title = (path) => {
    const words = ELEMENTS[path.split("/").at(-1)];
    return words ? both(words) : path.replace("EInvoiceData/", "");
  };
  const written = ["登记为 ", "recorded as "];
  const rows = differences.map(({ path, shown, due }) =>
    el("li", "", title(path), ": ", el("del", "", shown || both(nothing)), " · ", both(written),
      el("ins", "", due || both(nothing))),
  );
  return el("ul", "changes", ...rows);
}

function witnessesOf({ seen, grade }, hasWitnesses) {
  if (!hasWitnesses) {
    return checkOf("left", CHECKS.witnesses, ["没有给出见证方, 未查", "no witnesses were named, so not asked"]);
  }
  if (!seen) return checkOf("left", CHECKS.witnesses, ["无从查起", "could not be looked at"]);
  const names = seen.names.join(", ") || "–";
  if (seen.at === null) {
    return checkOf("left", CHECKS.witnesses, [`人数不够: ${names}`, `not enough of them: ${names}`]);
  }
  const at = beijing(seen.at * 1_000_000n);
  return checkOf(grade ? "yes" : "left", CHECKS.witnesses, [`${names}, ${at} 之前`, `${names}, by ${at}`]);
}

// What this page does not do, said instead of passed over.
function leftOut({ carried, isStamped }, kind) {
  const words = [];
  if (isStamped) {
    words.push(["带有时间戳, 本页不核对: kaipiao verify --tsa", "It carries a time stamp, which is not checked here: kaipiao verify --tsa"]);
  }
  if (kind === "pdf" || kind === "ofd") {
    words.push(["版面没有比对: 请看上面的内容是否与版面一致", "The page itself was not compared: see whether it says the same as above"]);
  }
  if (carried?.isSigned) {
    words.push(["文件自带的签名 (SM2) 由 kaipiao verify 核对, 本页不核对; 结论不靠它", "The file's own signature (SM2) is checked by kaipiao verify, not here; the answer does not hang on it"]);
  }
  return words;
}

function gradesOf(grade) {
  const all = [
    ["E1", ["日志已签名", "signed by the log"]],
    ["E2", ["见证方联署", "cosigned by witnesses"]],
    ["E3", ["可信时间戳 (本页不查)", "time-stamped (not checked here)"]],
  ];
  const items = all.map(([code, words]) => el("li", code <= grade ? "reached" : "", `${code} `, both(words)));
  return [el("h3", "", both([`存证等级 ${grade}`, `Grade of evidence: ${grade}`])), el("ul", "grades", ...items)];
}

function detailsOf({ checkpoint, opening, index, faults }) {
  const rows = rowsOf([
    [["日志", "Log"], checkpoint.origin],
    [["在日志中的位置", "Place in the log"], `${index}`],
    [["检查点大小", "Checkpoint covers"], `${checkpoint.size}`],
    [["检查点的根", "Root"], toHex(checkpoint.root)],
    [["内容摘要 SHA-256", "Digest of the content"], opening?.digest],
    [["错误代码", "Codes of faults"], faults.join(", ")],
  ]);
  const title = el("summary", "", both(["技术细节", "Technical details"]));
  return el("details", "", title, rows);
}
