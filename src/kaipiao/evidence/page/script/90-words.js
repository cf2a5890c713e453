// What people read, always in both languages: the page shows one of the two.

const VERDICTS = {
  genuine: ["真实", "Genuine"],
  false: ["不真实", "Not genuine"],
  open: ["无法判定", "Cannot be decided"],
};

const SENTENCES = {
  document: [
    "这张发票已由平台登记, 文件内容与登记时完全一致。",
    "The platform recorded this invoice, and the file says exactly what was recorded.",
  ],
  receipt: [
    "下面的号码、时间和金额确已登记, 此后没有改动。品名和购销方不在回执里, 请另用 XML 查验。",
    "The number, time and amounts below were recorded and have not changed. Goods and parties are not in a receipt; verify the XML for those.",
  ],
  false: [
    "请不要凭它付款或报销。向销方要原始文件 (XML、OFD、PDF) 再查一次; 仍不真实, 请联系开票平台。",
    "Do not pay or claim on it. Ask the seller for the original file (XML, OFD, PDF) and verify again; if it still fails, contact the platform.",
  ],
  "other-log": [
    "它来自另一个平台, 或平台换过密钥。请在“信任谁”中填入该平台公布的公钥, 再查一次。",
    "It comes from another platform, or the platform changed its key. Put the key that the platform publishes under “Whom to trust”, and verify again.",
  ],
  code: [
    "二维码只有票面信息, 谁都能印, 不能离线证明真伪。请向销方要 XML、OFD 或回执, 或联网查验。",
    "A QR code holds only what is printed, which anyone can print, and proves nothing offline. Ask the seller for the XML, the OFD or the receipt, or verify online.",
  ],
  "evidence-missing": [
    "文件里没有本平台的存证。这不表示它是假的: 请到开具它的平台查验。",
    "The file carries no evidence of this platform. That does not make it false: verify it where it was issued.",
  ],
  "receipt-missing": [
    "这份文件生成时发票还没有进入日志。请向销方重新索取一份。",
    "When this file was made, the invoice was not yet in the log. Ask the seller for the file again.",
  ],
  "several-invoices": [
    "文件里有不止一张发票。请分开查验。",
    "There is more than one invoice in the file. Verify each by itself.",
  ],
  "key-missing": [
    "还没有日志公钥。请在“信任谁”中填入开票平台公布的 Ed25519 公钥。",
    "There is no Ed25519 key of a log yet. Put the one that the platform publishes under “Whom to trust”.",
  ],
  "key-unreadable": [
    "“信任谁”中的公钥或见证方写法有误, 请核对。",
    "A key or a witness under “Whom to trust” is not written as it should be.",
  ],
  "file-unreadable": [
    "文件读不出来, 可能已损坏或不是发票文件。请重新取得。",
    "The file cannot be read: damaged perhaps, or no invoice. Get it again.",
  ],
};

const OPEN = ["code", "evidence-missing", "receipt-missing", "several-invoices", "key-missing",
  "key-unreadable", "file-unreadable"];

const CHECKS = {
  readable: ["文件完整, 读得懂", "The file is whole and can be read"],
  log: ["来自您信任的日志", "It is from a log that you trust"],
  signature: ["检查点有该日志的签名, 未经改动", "The log signed the checkpoint, unaltered"],
  place: ["发票确在日志中, 号码、时间、金额无误", "The invoice is in the log: number, time and amounts are right"],
  content: ["内容就是登记的那一份", "The content is the very one that was recorded"],
  shown: ["文件显示的每一项都与登记一致", "Everything the file shows is what was recorded"],
  witnesses: ["您信任的见证方看过同一本日志", "Witnesses whom you trust saw this same log"],
};

// Which check each fault is a no to, and what is said instead.
const FAULTS = {
  "receipt-unreadable": ["readable", "回执已损坏, 或不是回执", "The receipt is damaged, or none"],
  "document-unreadable": ["readable", "文件已损坏", "The file is damaged"],
  "opening-unreadable": ["place", "回执中的票面字段缺失或损坏", "The fields in the receipt are missing or damaged"],
  "other-log": ["log", "回执来自另一个日志", "The receipt is from another log"],
  "not-signed-by-key": ["signature", "没有该公钥的签名", "No signature is by this key"],
  "signature-forged": ["signature", "签名是伪造的: 检查点被改动过", "The signature is forged: the checkpoint was altered"],
  "path-impossible": ["place", "证明路径不可能属于这样大小的日志", "No log of that size has such a path"],
  "not-in-log": ["place", "号码、时间、金额或路径与登记时不一致", "Number, time, amounts or path are not what was recorded"],
  "digest-differs": ["content", "回执对应的是另一张内容不同的发票", "The receipt is about an invoice with other content"],
  "shown-differs": ["shown", "文件显示的与登记的不一致", "The file shows something other than what was recorded"],
};

const KINDS = {
  receipt: ["回执", "receipt"],
  xml: ["XML", "XML"],
  ofd: ["OFD, 以内附 XML 为准", "OFD; the XML inside counts"],
  pdf: ["PDF, 以内附 XML 为准", "PDF; the XML inside counts"],
  code: ["二维码", "QR code"],
};

// What the elements of the XML are to a person; the rest go by their own names.
const ELEMENTS = {
  EIid: ["发票号码", "number"],
  InvoiceNumber: ["发票号码", "number"],
  SellerName: ["销售方名称", "seller's name"],
  SellerIdNum: ["销售方税号", "seller's taxpayer id"],
  BuyerName: ["购买方名称", "buyer's name"],
  BuyerIdNum: ["购买方税号", "buyer's taxpayer id"],
  SellerBankAccNum: ["销售方账号", "seller's account"],
  TotalAmWithoutTax: ["合计金额", "net in total"],
  TotalTaxAm: ["合计税额", "tax in total"],
  "TotalTax-includedAmount": ["价税合计", "total with tax"],
  "TotalTax-includedAmountInChinese": ["价税合计大写", "total in words"],
  RequestTime: ["开票时间", "time of issue"],
  IssueTime: ["开票日期", "day of issue"],
  IssuedAt: ["开具时刻", "instant of issue"],
  ItemName: ["项目名称", "item"],
  SpecMod: ["规格型号", "specification"],
  MeaUnits: ["单位", "unit"],
  Quantity: ["数量", "quantity"],
  UnPrice: ["单价", "unit price"],
  Amount: ["金额", "net"],
  TaxRate: ["税率", "rate"],
  ComTaxAm: ["税额", "tax"],
  TotaltaxIncludedAmount: ["含税金额", "with tax"],
  Drawer: ["开票人", "issuer"],
  Remark: ["备注", "remark"],
};

const CLAIMS = ["以下是文件自己的说法, 不可信:", "What follows is only what the file claims:"];
const RECORDED = [
  "登记的内容如下, 文件显示的与此不同:",
  "What was recorded is this; the file shows something else:",
];
const KIND_OF = {
  special: ["增值税专用发票", "special VAT invoice"],
  ordinary: ["普通发票", "ordinary invoice"],
};
