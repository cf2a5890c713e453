// What an invoice's XML must show, worked out anew from the draft whose digest the log knows.
// A list of [path below the root, text], in the order of the file.

const LABELS = { special: ["01", "增值税专用发票"], ordinary: ["02", "普通发票"] };
const UNTAXED = { exempt: "免税", untaxed: "不征税", zero_rated: "零税率" };
const MARGINS = { full: "全额开票", difference: "差额开票" };
const PRODUCE_PURCHASE = "16"; // here it is the buyer who issues
const PROPERTY = [
  "place PropertyPlace", "address PropertyAddress", "area_unit AreaUnit",
  "cross_city CrossCityFlag", "certificate_no PropertyCertificateNumber",
];

// By the code of the trade: the element's name, its fields in order, the field that holds rows.
const TRADES = {
  "01": ["RefinedOil"],
  "02": ["RareEarth"],
  "03": ["ConstructionService", [
    "place PlaceOfService", "address DetailedAddress", "project ProjectName",
    "cross_city CrossCityFlag", "land_tax_no LandTaxProjectNumber",
  ]],
  "04": ["FreightTransport", [
    "vehicle TypeOfTransport", "plate PlateNumber", "origin PlaceOfDeparture",
    "destination Destination", "goods NameOfGoods",
  ], "trips"],
  "05": ["PropertySale", [
    ...PROPERTY, "contract_no ContractNumber", "land_tax_no LandTaxProjectNumber",
  ]],
  "06": ["PropertyLease", [...PROPERTY, "lease_from LeaseFrom", "lease_to LeaseTo"]],
  "07": ["VehicleTax", [
    "policy_no PolicyNumber", "plate PlateNumber", "vin VehicleIdentificationNumber",
    "months TaxPeriod", "tax_fen TaxAmount", "late_fee_fen LateFee",
  ]],
  "08": ["Toll", [
    "plate PlateNumber", "vehicle VehicleType", "passed_from StartDatesOfPassage",
    "passed_to EndDatesOfPassage",
  ]],
  "09": ["PassengerTransport", [
    "name Traveller", "id_kind IdType", "id_number IdNumber", "travelled_on TravelDate",
    "origin PlaceOfDeparture", "destination Destination", "vehicle TypeOfTransport",
    "seat_class SeatClass",
  ], "travellers"],
  "10": ["Inpatient"],
  "11": ["Outpatient"],
  "12": ["OwnProduce"],
  "13": ["Tractor"],
  "14": ["MotorVehicle", [
    "vin VehicleIdentificationNumber", "vehicle VehicleType", "model BrandModel",
    "origin PlaceOfOrigin", "certificate_no CertificateNumber", "import_no ImportCertificateNumber",
    "inspection_no InspectionNumber", "engine_no EngineNumber", "tonnage Tonnage",
    "seats SeatCapacity",
  ]],
  "15": ["UsedVehicle", [
    "vin VehicleIdentificationNumber", "plate PlateNumber", "registration_no RegistrationNumber",
    "vehicle VehicleType", "model BrandModel", "moved_to NewVehicleOffice",
  ]],
  "16": ["ProducePurchase"],
  "17": ["SolarPurchase"],
  "18": ["Cigarettes"],
  "19": ["Export"],
};
const RED = ["RedEInvoice", ["original OriginalInvoiceCode", "confirmation CreditNoteNumber"]];

// Whole numbers become text, for a fen may be larger than JavaScript's numbers hold exactly.
function readDraft(bytes) {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9]+/g, (part) =>
    part.startsWith('"') ? part : `"${part}"`,
  );
  return JSON.parse(quoted);
}

const amountsOf = (draft) =>
  draft.lines.map((line) => settled(line, draft.margin === "difference"));

const sumsOf = (amounts) => [total(amounts.map(([net]) => net)), total(amounts.map(([, tax]) => tax))];

function sidesOf(draft) {
  const isTurned = draft.element?.code === PRODUCE_PURCHASE;
  return isTurned ? [draft.buyer, draft.seller] : [draft.seller, draft.buyer];
}

// "2026-11-24 12:00:00" in Beijing, eight hours ahead of UTC.
const beijing = (us) =>
  new Date(Number(us / 1000n) + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

function dueLeaves(number, us, draft) {
  const due = [];
  const put = (path, ...pairs) => {
    for (const [name, text] of pairs) if (text) due.push([`${path}/${name}`, text]);
  };
  const [day] = beijing(us).split(" ");
  putHeader(put, number, draft);
  putParties(put, draft);
  putBasic(put, us, draft);
  putLines(put, draft);
  putSpecific(due, put, draft);
  putAdditional(due, put, draft);
  put("TaxSupervisionInfo", ["InvoiceNumber", number], ["IssueTime", day]);
  return due;
}

function putHeader(put, number, draft) {
  const label = (name, code, text) =>
    put(`Header/InherentLabel/${name}`, ["LabelCode", code], ["LabelName", text]);
  put("Header", ["EIid", number], ["Version", "0.31"]);
  label("InIssuType", draft.reversal ? "N" : "Y", "是否蓝字发票标志");
  label("EInvoiceType", "01", "电子发票");
  label("GeneralOrSpecialVAT", ...LABELS[draft.kind]);
}

function putParties(put, draft) {
  const [seller, buyer] = sidesOf(draft);
  const path = (side) => `EInvoiceData/${side}Information`;
  const [address, telephone] = [["Addr", "address"], ["TelNum", "telephone"]];
  const party = (side, who, middle) => {
    const fields = [["IdNum", "taxpayer_id"], ["Name", "name"], ...middle,
      ["BankName", "bank"], ["BankAccNum", "account"]];
    put(path(side), ...fields.map(([theirs, ours]) => [side + theirs, who[ours]]));
  };
  party("Seller", seller, [address, telephone]);
  party("Buyer", buyer, [telephone, address]);
}

function putBasic(put, us, draft) {
  const [net, tax] = sumsOf(amountsOf(draft));
  put(
    "EInvoiceData/BasicInformation",
    ["TotalAmWithoutTax", yuan(net)],
    ["TotalTaxAm", yuan(tax)],
    ["TotalTax-includedAmount", yuan(net + tax)],
    ["TotalTax-includedAmountInChinese", words(net + tax)],
    ["Drawer", draft.issuer],
    ["Payee", draft.payee],
    ["Checker", draft.reviewer],
    ["RequestTime", beijing(us)],
  );
}

function rateText(line, draft) {
  const treatment = line.treatment ?? "taxed";
  if (treatment !== "taxed") return UNTAXED[treatment];
  if (draft.margin === "difference") return "***";
  const rate = BigInt(line.rate_bp);
  const rest = String(rate % BP).padStart(4, "0").replace(/0+$/, "");
  return `${rate / BP}${rest && `.${rest}`}`;
}

function putLines(put, draft) {
  const amounts = amountsOf(draft);
  draft.lines.forEach((line, at) => {
    const [net, tax] = amounts[at];
    put(
      "EInvoiceData/IssuItemInformation",
      ["ItemName", line.name],
      ["SpecMod", line.spec],
      ["MeaUnits", line.unit],
      ["Quantity", line.quantity],
      ["UnPrice", unitPrice(line, net)],
      ["Amount", yuan(net)],
      ["TaxRate", rateText(line, draft)],
      ["ComTaxAm", yuan(tax)],
      ["TotaltaxIncludedAmount", yuan(net + tax)],
      ["TaxClassificationCode", line.tax_class],
    );
  });
}

function putSpecific(due, put, draft) {
  const path = "EInvoiceData/SpecificInformation";
  const before = due.length;
  if (draft.reversal) putRow(due, put, `${path}/${RED[0]}`, RED[1], draft.reversal);
  if (draft.element) {
    const [name, fields = [], rows] = TRADES[draft.element.code];
    const written = rows ? (draft.element[rows] ?? []) : [draft.element];
    for (const row of written) putRow(due, put, `${path}/${name}`, fields, row);
  }
  if (due.length === before) due.push([path, ""]);
}

function putRow(due, put, path, fields, row) {
  const before = due.length;
  put(path, ...fields.map((pair) => pair.split(" ")).map(([ours, theirs]) => [theirs, fieldText(ours, row[ours])]));
  if (due.length === before) due.push([path, ""]);
}

function fieldText(name, value) {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "Y" : "N";
  return name.endsWith("_fen") ? yuan(BigInt(value)) : value;
}

function putAdditional(due, put, draft) {
  const path = "EInvoiceData/AdditionalInformation";
  const before = due.length;
  const more = (name, value) =>
    put(`${path}/Additional`, ["Information", name], ["InformationValue", value]);
  put(path, ["Remark", draft.remark]);
  if ((draft.margin ?? "none") !== "none") more("差额征税", MARGINS[draft.margin]);
  const deducted = total(draft.lines.map((line) => BigInt(line.deduction_fen ?? 0)));
  if (deducted) more("扣除额", yuan(deducted));
  if (due.length === before) due.push([path, ""]);
}
