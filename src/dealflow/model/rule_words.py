"""The words in which sellers state their rules, as `rule_line` reads them.

Folded: lower case, no accents on Latin letters. Each phrase is matched against one whole rule.
"""

from __future__ import annotations

NUMBER = (
    "numbers", "number", "nums", "num", "numeros", "numero", "nummern", "nummer", "zahlen",
    "zahl", "nombres", "chiffres", "chiffre", "nomor", "angka", "cijfers", "cijfer", "getal",
    "liczba", "numer", "numara", "rakam", "sayi", "so", "numri", "ตัวเลข", "เลข", "หมายเลข",
    "数字", "號碼", "号码", "番号", "숫자", "번호", "رقم", "الرقم", "ارقام", "नंबर", "संख्या",
)  # fmt: skip
"""Words for a bare number."""

ITEM = (
    "items", "item", "lots", "lot", "articles", "article", "articulos", "articulo", "artikel",
    "artikels", "producto", "produto", "product", "pieza", "piece", "stuck", "stueck",
    "articolo", "articoli", "barang", "produk", "kalawakan", "paninda", "gamit", "urun",
    "parca", "przedmiot", "towar", "สินค้า", "ชิ้น", "mon", "hang", "商品", "款", "品", "상품",
    "منتج", "قطعة", "वस्तु", "आइटम", "code", "codes", "codigo", "kode", "รหัส", "ma",
)  # fmt: skip
"""Words for the thing that is sold."""

PRICE = (
    "prices", "price", "prijs", "preis", "preise", "precio", "precios", "prix", "prezzo",
    "prezzi", "preco", "precos", "harga", "presyo", "fiyat", "cena", "ราคา", "gia", "价格", "價格",
    "価格", "値段", "가격", "سعر", "السعر", "कीमत", "दाम", "dollars", "dollar", "cost", "costs",
)  # fmt: skip
"""Words for what it costs."""

SIZE = (
    "sizes", "size", "sz", "talla", "tallas", "tamano", "tamanho", "taille", "pointure",
    "grosse", "grossen", "groesse", "taglia", "taglie", "misura", "ukuran", "saiz", "laki",
    "beden", "rozmiar", "maat", "maten", "ไซส์", "ขนาด", "co", "kich", "尺码", "尺寸",
    "サイズ", "사이즈", "مقاس", "साइज",
)  # fmt: skip
"""Words for its size."""

QUANTITY = (
    "quantity", "quantities", "qty", "amount", "count", "pieces", "pcs", "cantidad",
    "quantidade", "quantite", "menge", "anzahl", "quantita", "jumlah", "dami", "adet", "ilosc",
    "aantal", "จำนวน", "luong", "数量", "수량", "كمية", "मात्रा",
)  # fmt: skip
"""Words for how many."""

CLAIM = (
    "claims", "claim", "claiming", "counts", "buys", "buy", "reserva", "aparta", "reservieren",
    "zahlt", "kaufen", "achat", "prend", "prenota", "compra", "beli", "ambil", "mine", "จอง",
    "mua", "算", "購入", "구매", "حجز",
)  # fmt: skip
"""Words for taking it."""

NO = (
    "no", "not", "never", "off", "without", "none", "kein", "keine", "keinen", "nicht", "nie",
    "ohne", "sin", "nunca", "non", "pas", "sans", "sem", "nao", "tidak", "tanpa", "bukan",
    "walang", "hindi", "bawal", "yok", "degil", "bez", "geen", "niet", "ไม่", "ห้าม", "khong",
    "不", "不可", "禁止", "なし", "금지", "안", "بدون", "لا", "ممنوع", "नहीं",
)  # fmt: skip
"""Words that forbid."""

LISTS: dict[str, tuple[str, ...]] = {
    "claim_words": (
        "(?:the )?(?:claim|magic|key|our|my)[- ]?words?(?: (?:is|are))?",
        "words?",
        "keywords?",
        "(?:to claim |claim by )?(?:type|typing|say|saying|comment|write|use)",
        "claim (?:with|by saying|by typing)",
        "palabras?(?: (?:clave|de compra))?",
        "escribe",
        "escribir",
        "(?:schlussel)?worter",
        "wort",
        "schreibt?",
        "mots?(?:[- ]cles?)?",
        "ecrire",
        "ecrivez",
        "parole?",
        "scrivi",
        "palavras?(?:[- ]chave)?",
        "escreva",
        "kata(?: kunci)?",
        "ketik",
        "salita",
        "i-?type",
        "kelime(?:ler)?",
        "yaz",
        "slowa",
        "slowo",
        "napisz",
        "woorden",
        "woord",
        "typ",
        "คำ(?:จอง)?",
        "พิมพ์",
        "tu khoa",
        "go",
        "关键词",
        "關鍵詞",
        "口令",
        "打",
        "キーワード",
        "키워드",
        "كلمات",
        "كلمة",
        "اكتب",
        "शब्द",
        "लिखें",
    ),
    "codes": (
        "(?:item |lot |the )?codes?(?: (?:are|in use|from|is))?",
        "codigos?",
        "kodes?",
        "kody",
        "kod(?:lar)?",
        "cod(?:es)?",
        "codici",
        "codice",
        "รหัส(?:สินค้า)?",
        "ma(?: hang| san pham)?",
        "代码",
        "代碼",
        "编号",
        "編號",
        "款号",
        "コード",
        "코드",
        "اكواد",
        "كود",
        "कोड",
    ),
}
"""What opens a list, by the rule that the list is."""

PHRASES: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    (
        "one_per_buyer",
        True,
        (
            (
                "(?:only |max(?:imum)? |limit(?: of)? |just )?(?:one|1|a single) (?:piece |item "
                "|each )?(?:per|for each|for every|a|each|to a) (?:buyer|person|customer|user"
                "|head|household)"
            ),
            "(?:limit|max) (?:one|1)(?: (?:per|each).*)?",
            "(?:one|1) each",
            "(?:solo )?(?:uno|una|1) por (?:persona|cliente|comprador|pessoa)",
            "(?:um|uma) por (?:pessoa|cliente)",
            (
                "(?:nur )?(?:eins|einer|eine|ein stuck|ein|1)(?: stuck)? (?:pro|je) (?:person"
                "|kaufer|kunde|nase)"
            ),
            "(?:un|une|1) (?:seul )?par (?:personne|client|acheteur)",
            "(?:uno|una|1) (?:a|per) (?:persona|cliente|testa)",
            "(?:satu|1) (?:per|untuk satu|setiap) (?:orang|pembeli)",
            "(?:isa|1)(?: lang)? (?:kada|bawat|per|sa) (?:tao|buyer|isa)",
            "(?:kisi basi|kisi basina) (?:1|bir|tek)(?: adet)?",
            "(?:jeden|jedna|jedno|1) na (?:osobe|klienta|kupujacego)",
            "(?:een|1) per (?:persoon|klant|koper)",
            "คนละ ?(?:1|หนึ่ง)? ?(?:ชิ้น|ตัว|อัน)?",
            "(?:moi nguoi|1 nguoi) (?:1|mot)(?: cai| mon)?",
            "(?:每人|一人)(?:限购|限購|限)?(?:一|1)(?:件|个|個)?",
            "限购一件",
            "お?一人様?(?:一|1)(?:点|個|つ)?(?:まで)?",
            "1인 ?1개",
            "(?:واحد|واحدة|قطعة|قطعه)(?: واحدة)? (?:لكل) (?:شخص|عميل|مشتري)",
            "(?:एक|1) (?:व्यक्ति|ग्राहक) (?:को )?(?:एक|1)",
        ),
    ),
    (
        "retract",
        False,
        (
            (
                "(?:no|without|zero) (?:retract(?:ion|ions|ing)?|put[- ]?backs?|take[- ]?backs?"
                "|cancel(?:l?ing|lations?|s)?|passing|passes|back(?:ing)?[- ]?outs?|releas(?:e"
                "|es|ing)|returns?)"
            ),
            "(?:all )?(?:claims|sales) (?:are )?final",
            "final sales?",
            "claims stay",
            "sin (?:cancelaciones?|cancelar|arrepentimientos?|devoluciones)",
            "no se (?:puede )?cancela[r]?",
            "(?:kein(?:e|en)?) (?:ruckzieher|ruckgabe|stornierung|stornos?|zurucknehmen)",
            r"pas d ?[’']?\s?annulations?",
            "sans annulation",
            "(?:niente|nessuna|no) (?:annullament[io]|ripensament[io]|disdett[ae])",
            "sem (?:cancelamentos?|desistencias?)",
            "(?:tidak (?:bisa|boleh)|no|dilarang|tanpa) (?:cancel|batal|hit (?:and|n|&) run)",
            "(?:bawal|walang) (?:mag)?(?:cancel|joy reserve(?:r)?|bawi)",
            "iptal (?:yok|olmaz)",
            "bez (?:rezygnacji|anulowania|odwolania)",
            "geen annuler(?:ing|ingen)",
            "ห้ามยกเลิก",
            "ไม่รับยกเลิก",
            "khong (?:huy|bom(?: hang)?|doi y)",
            "(?:不可|不能|不许|不得)(?:取消|反悔|弃单|棄單)",
            "キャンセル(?:不可|なし)",
            "취소 ?(?:불가|금지)",
            "(?:بدون|لا يوجد|ممنوع) (?:الغاء|تراجع|استرجاع)",
            "कैंसिल नहीं",
        ),
    ),
    (
        "retract",
        True,
        (
            (
                "(?:retract(?:ion|ions|ing)?|put[- ]?backs?|cancel(?:l?ing|lations?)?|passing)"
                " (?:is |are )?(?:ok|okay|allowed|fine|yes)"
            ),
            "may retract",
        ),
    ),
    (
        "require_item",
        True,
        (
            (
                "(?:item|number|code|item number|item code)s? (?:is |are )?(?:required|needed"
                "|mandatory)"
            ),
            (
                "(?:require|requires|must (?:name|give|have|include|say)|always (?:name|give)|no"
                " claim without) (?:the |an |a )?(?:item|number|code)s?(?: number)?"
            ),
            "(?:numero|codigo|articulo) (?:obligatorio|requerido)",
            "(?:nummer|artikelnummer|code) (?:pflicht|notig|erforderlich)",
            "(?:numero|code) obligatoire",
            "wajib (?:kode|nomor)",
            "kode wajib",
            "(?:ต้อง|โปรด)(?:ใส่|พิมพ์|ระบุ)รหัส",
            "(?:必须|需要)(?:写|打)?(?:编号|款号|号码)",
        ),
    ),
    (
        "early",
        False,
        (
            (
                "(?:no|not) (?:early claims?|claims? (?:before|early).*|jump(?:ing)?[-"
                " ]?(?:ahead|in|the gun)|claiming (?:ahead|early|before).*)"
            ),
            "(?:do not|don ?'?t|dont) jump (?:ahead|the gun)",
            "wait (?:until|till|for) .*(?:shown|screen|show it|see it|item)",
            "(?:claim )?only (?:once|when|after) (?:it is |its )?(?:shown|on screen)",
            "sin adelantarse",
            "nicht vorgreifen",
            "pas avant",
        ),
    ),
    (
        "early",
        True,
        ("early (?:claims? )?(?:ok|okay|allowed|fine|yes)",),
    ),
    (
        "plus_n",
        False,
        (
            r"(?:no|without|kein|sin|pas de|sem|senza) (?:plus|\+ ?(?:n|1|\d|x|number))",
            r"\+ ?(?:n|1) (?:off|is nothing|means nothing|does not count)",
        ),
    ),
    (
        "plus_n",
        True,
        (
            (
                r"\+ ?(?:n|1|x|number|how many|zahl|numero|数量|จำนวน)(?: (?:claims?|per piece|each"
                "|counts?|ok|allowed|is a claim|pro stuck|por pieza|par piece|per item|means? .*"
                "))?"
            ),
            "plus (?:n|one|1|number)(?: (?:claims?|per piece))?",
            r"(?:type|comment|say) \+ ?(?:1|n)",
            r"(?:扣|打|请扣|刷) ?\+ ?1",
        ),
    ),
    (
        "learn",
        False,
        (
            "only these(?: rules)?",
            "(?:no|do not|dont) learn(?:ing)?(?: rules)?",
            "just these(?: rules)?",
        ),
    ),
    (
        "learn",
        True,
        ("learn(?: (?:rules|more|from (?:the )?host))?",),
    ),
)
"""Rules that are said in a phrase: the rule, what it becomes, and the phrases."""
