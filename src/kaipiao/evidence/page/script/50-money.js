// Whole fen, as BigInt; what a draft's lines come to; amounts as documents write them.

const BP = 10_000n;
const FEN_PRODUCT = 10n ** 24n; // a fen, on the scale of price times quantity
const QUANTUM = 10n ** 13n;
const DIGITS = "零壹贰叁肆伍陆柒捌玖";

const absolute = (number) => (number < 0n ? -number : number);
const mirrored = (number, magnitude) => (number < 0n ? -magnitude : magnitude);
const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0n);

// Halves away from zero; the divisor is positive.
const halfUp = (number, by) => mirrored(number, (2n * absolute(number) + by) / (2n * by));

function yuan(fen) {
  const size = absolute(fen);
  return `${fen < 0n ? "-" : ""}${size / 100n}.${String(size % 100n).padStart(2, "0")}`;
}

// [net, tax] of a line: how a price with tax, or without, is told apart into both.
function settled(line, isMargin) {
  const [net, gross, tax] = [line.net_fen, line.gross_fen, line.tax_fen].map(wholeOrNull);
  const rate = BigInt(line.rate_bp);
  if ((line.treatment ?? "taxed") !== "taxed") return [net ?? gross ?? 0n, 0n];
  if (net === null && gross === null && !isMargin) return [0n, 0n];
  if (tax !== null) return [net ?? (gross ?? tax) - tax, net === null && gross === null ? 0n : tax];
  if (net !== null && gross !== null) return [net, gross - net];
  const kept = isMargin ? BigInt(line.deduction_fen ?? 0) : 0n;
  if (net !== null) return [net, halfUp((net - kept) * rate, BP)];
  const priced = gross ?? 0n;
  const owed = priced - kept - halfUp((priced - kept) * BP, BP + rate);
  return [priced - owed, owed];
}

const wholeOrNull = (value) => (value === undefined ? null : BigInt(value));

function decimal(text) {
  const [whole, fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(13, "0"));
}

function decimalText(scaled) {
  const size = absolute(scaled);
  const fraction = String(size % QUANTUM).padStart(13, "0").replace(/0+$/, "");
  return `${scaled < 0n ? "-" : ""}${size / QUANTUM}${fraction && `.${fraction}`}`;
}

// Always without tax; worked out to fifteen digits where it was given with tax.
function unitPrice(line, net) {
  const quantity = line.quantity ? decimal(line.quantity) : 0n;
  const given = line.unit_price ?? "";
  if (line.net_fen !== undefined || !given || !quantity) return given;
  const price = halfUp((quantity < 0n ? -net : net) * FEN_PRODUCT, absolute(quantity));
  const step = 10n ** BigInt(Math.max(0, String(absolute(price)).length - 15));
  return decimalText(halfUp(price, step) * step);
}

function words(fen) {
  const size = absolute(fen);
  const [whole, jiao, rest] = [size / 100n, Number((size / 10n) % 10n), Number(size % 10n)];
  let text = whole || !(jiao || rest) ? `${wholeWords(whole)}圆` : "";
  if (jiao) text += `${DIGITS[jiao]}角`;
  else if (rest && whole) text += "零";
  text += rest ? `${DIGITS[rest]}分` : "整";
  return (fen < 0n ? "（负数）" : "") + text;
}

function wholeWords(number) {
  for (const [unit, word] of [[100_000_000n, "亿"], [10_000n, "万"]]) {
    if (number < unit) continue;
    const [high, low] = [number / unit, number % unit];
    const link = low > 0n && low < unit / 10n ? "零" : "";
    return wholeWords(high) + word + link + (low ? wholeWords(low) : "");
  }
  return groupWords(Number(number)) || "零";
}

function groupWords(number) {
  let [text, gap] = ["", false];
  for (const [place, unit] of [[1000, "仟"], [100, "佰"], [10, "拾"], [1, ""]]) {
    const digit = Math.floor(number / place) % 10;
    if (digit) text += (gap && text ? "零" : "") + DIGITS[digit] + unit;
    gap = digit === 0;
  }
  return text;
}
