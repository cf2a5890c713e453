"""Special-business elements (特定要素): names of their codes, and the lists they choose from.

The codes are the direct-connect interface's; 17 and 19 are named by several integrators'
documents.  The lists of vehicles and area units come from the same documents, which is why
they are data here and not types: unconfirmed.
"""

ELEMENT_NAMES: dict[str, tuple[str, str]] = {
    "01": ("成品油", "refined oil"),
    "02": ("稀土", "rare earths"),
    "03": ("建筑服务", "construction"),
    "04": ("货物运输服务", "freight"),
    "05": ("不动产销售", "sale of real estate"),
    "06": ("不动产经营租赁服务", "lease of real estate"),
    "07": ("代收车船税", "vehicle tax collected by an insurer"),
    "08": ("通行费", "toll"),
    "09": ("旅客运输服务", "passenger transport"),
    "10": ("医疗服务 (住院)", "medical care, inpatient"),
    "11": ("医疗服务 (门诊)", "medical care, outpatient"),
    "12": ("自产农产品销售", "sale of own produce"),
    "13": ("拖拉机和联合收割机", "tractors and combine harvesters"),
    "14": ("机动车", "motor vehicles"),
    "15": ("二手车", "used vehicles"),
    "16": ("农产品收购", "purchase of produce"),
    "17": ("光伏收购", "purchase of solar power"),
    "18": ("卷烟", "cigarettes"),
    "19": ("出口", "export"),
}

OIL_UNITS = frozenset({"吨", "升"})
RARE_EARTH_UNITS = frozenset({"公斤", "吨"})
AREA_UNITS = frozenset({"平方米", "平方千米", "公顷", "亩", "㎡", "k㎡", "h㎡", "孔公里"})
FREIGHT_VEHICLES = frozenset(
    {"铁路运输", "公路运输", "水路运输", "航空运输", "管道运输", "其他运输工具"}
)
PASSENGER_VEHICLES = frozenset(
    {"飞机", "火车", "长途汽车", "公共交通", "出租车", "汽车", "船舶", "其他"}
)
CLASSED_VEHICLES = frozenset({"飞机", "火车", "船舶"})
"""Whose tickets have a class (等级), so it must be given."""

ONE_LINE = frozenset({"03", "05", "06", "09"})
EXEMPT_ORDINARY = frozenset({"12", "16"})
"""Own produce and purchases of produce: exempt, so never a special invoice."""
