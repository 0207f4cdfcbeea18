"""Arabic and Hindi, and the languages with a few markers: Dutch, Polish, Turkish and Ukrainian."""

from openclaw_extproc.policy.complexity.weights import Markers

ARABIC: Markers = {
    "translate": "ترجم,ترجمة,بالإنجليزية,بالعربية",
    "summarize": "لخص,لخّص,تلخيص,ملخص,النقاط الرئيسية",
    "extract": "استخرج,استخراج,اذكر جميع",
    "classify": "صنف,صنّف,تصنيف,إيجابي أم سلبي",
    "reword": "أعد صياغة,صحح,تدقيق,القواعد النحوية,إملائي",
    "convert": "حوّل,حول هذا إلى,تحويل",
    "make": "اكتب,أكتب,أنشئ,صمم,صمّم,طوّر,أعد خطة,ألّف,ابن ",
    "fix": "خطأ,أخطاء,لا يعمل,تعطل,إصلاح,أصلح",
    "review": "راجع,مراجعة,تحقق من",
    "analyse": "حلل,حلّل,تحليل,قارن,مقارنة,قيّم,تقييم,الفرق بين,تأثير,مزايا وعيوب",
    "critical": "نقدي,مخاطر,السبب الجذري,مسؤولية,نقاط الضعف",
    "reason": (
        "لماذا,اشرح,شرح,كيف ,خطوة بخطوة,هل يجب,نصيحة,انصح,استراتيجية,أسباب,كيف,هل يمكن,هل يحق,هل من الأفضل,"
        "أفكار,ماذا أفعل"
    ),
    "calculate": "احسب,حل المعادلة,كم يساوي",
    "lookup": "ما هو,ما هي,من هو,من هي,من كتب,متى ,أين ,كم عدد,ما معنى,تعريف,عاصمة",
    "code": "كود,دالة,برنامج,برمجة,سكربت,بايثون,قاعدة بيانات,خوارزمية,شيفرة",
    "prose": "بريد,رسالة,مقال,قصة,قصيدة,خطاب,وصفة,تقرير",
    "data": "جدول",
    "document": "عقد ,العقد,وثيقة,مستند,اتفاقية,بنود,الوثائق",
    "math": "معادلة,تكامل,مشتقة,احتمال,نظرية,برهن,أثبت,الأعداد الأولية,مثلث",
    "hard": "برهن,أثبت,إثبات,موزع,قانوني,قضائي,معمارية,الأمثل,تشخيص تفريقي",
    "breadth": "من الصفر,كامل,متكامل,منصة,خطة عمل,منهج,البنية التحتية,جميع الوثائق",
    "deep": "بالتفصيل,مفصل,شامل,بعمق",
    "constraint": "يجب أن,بدون,على الأقل,على الأكثر,مع مراعاة,بشرط",
    "sequence": "أولا,أولاً,ثم ,أخيرا,بعد ذلك",
    "brief": "باختصار,قصيرة,قصير,جملة واحدة,كلمة واحدة,فقط,نكتة",
    "expert": (
        "محام,إيجار,المستأجر,طلاق,ميراث,دعوى,أعراض,جرعة,آثار جانبية,علاج,مريض,تشخيص,دواء,ضغط الدم,السكري,"
        "الحمل,قرض,ضريبة,تقاعد,حملة,علامة تجارية"
    ),
}

HINDI: Markers = {
    "translate": "अनुवाद,अंग्रेजी में,अंग्रेज़ी में,हिंदी में लिख",
    "summarize": "सारांश,संक्षेप में बता,मुख्य बिंदु,सार ",
    "extract": "निकालो,निकालें,निकालिए,सूची बनाओ,सूचीबद्ध",
    "classify": "वर्गीकृत,वर्गीकरण,श्रेणी,सकारात्मक या नकारात्मक",
    "reword": "दोबारा लिख,सुधार,व्याकरण,वर्तनी,विनम्र",
    "convert": "बदलें,बदलो,परिवर्तित",
    "make": "लिखो,लिखें,लिखिए,बनाओ,बनाएं,बनाइए,तैयार कर,डिज़ाइन,डिजाइन,विकसित",
    "fix": "त्रुटि,ठीक कर,काम नहीं कर,बग ,क्रैश,समस्या",
    "review": "समीक्षा,जांच,जाँच",
    "analyse": "विश्लेषण,तुलना,मूल्यांकन,अंतर,प्रभाव,फायदे और नुकसान,लाभ और हानि",
    "critical": "आलोचनात्मक,जोखिम,मूल कारण,दायित्व,कमजोरियां",
    "reason": ("क्यों,समझाओ,समझाएं,समझाइए,कैसे,कारण,सलाह,सुझाव,रणनीति,चरण दर चरण,करना चाहिए,सकता है,सकते हैं,क्या मैं,क्या मुझे,बेहतर"),
    "calculate": "गणना,हल कर,कितना होता",
    "lookup": "क्या है,कौन है,कौन था,कहाँ,कहां,कितने,मतलब,परिभाषा,राजधानी,किसने,कब,कौन,कितना",
    "code": "कोड,फ़ंक्शन,फंक्शन,प्रोग्राम,स्क्रिप्ट,पायथन,डेटाबेस,एल्गोरिदम",
    "prose": "ईमेल,पत्र,निबंध,कहानी,कविता,लेख,भाषण,संदेश,रेसिपी,रिपोर्ट,छोटी कहानी",
    "data": "तालिका,टेबल",
    "document": "दस्तावेज,दस्तावेज़,अनुबंध,समझौता,करार,धारा",
    "math": "समीकरण,समाकलन,अवकलन,प्रायिकता,प्रमेय,सिद्ध,अभाज्य,त्रिभुज",
    "hard": "सिद्ध,प्रमाणित,वितरित,कानूनी,विधिक,आर्किटेक्चर,इष्टतम,निदान",
    "breadth": "शुरू से,संपूर्ण,पूरा सिस्टम,प्लेटफ़ॉर्म,प्लेटफॉर्म,व्यवसाय योजना,पाठ्यक्रम,पूरी",
    "deep": "विस्तार,विस्तृत,गहराई,गहन",
    "constraint": "अवश्य,बिना,कम से कम,अधिक से अधिक,ध्यान में रख,शर्त",
    "sequence": "पहले,फिर ,अंत में,उसके बाद",
    "brief": "संक्षिप्त,छोटा,छोटी,एक वाक्य,एक शब्द,केवल,सिर्फ,चुटकुला",
    "expert": (
        "कानून,वकील,किरायेदार,मकान मालिक,तलाक,विरासत,मुकदमा,लक्षण,खुराक,दुष्प्रभाव,इलाज,उपचार,मरीज,दवा,"
        "रक्तचाप,मधुमेह,गर्भ,ऋण,कर ,पेंशन,अभियान,ब्रांड"
    ),
}

DUTCH: Markers = {
    "translate": "vertaal, vertalen, in het engels, in het nederlands",
    "summarize": "samenvat*, vat dit, samenvatting",
    "make": "schrijf, schrijven, maak een, ontwerp*, ontwikkel*",
    "analyse": "analyseer, vergelijk, beoordeel, verschil tussen",
    "reason": "waarom, leg uit, uitleggen, hoe werkt, moet ik, stap voor stap",
    "lookup": ("wat is, wie is, wie was, wanneer is, wanneer was, waar is, hoeveel, wat betekent, hoofdstad van"),
    "hard": "bewijs, gedistribueerd*, schaalbaar*, aansprakelijk*, juridisch*",
    "brief": "beknopt, in een zin, een woord",
}

POLISH: Markers = {
    "translate": "przetlumacz*, na angielski, na polski",
    "summarize": "podsumuj*, stresc, streszczenie",
    "make": "napisz, stworz, zaprojektuj, zaimplementuj",
    "analyse": "przeanalizuj, porownaj, ocen, roznica miedzy",
    "reason": "dlaczego, wyjasnij, krok po kroku, jak dziala, czy powinienem",
    "lookup": "co to jest, kto to, kiedy, gdzie jest, ile jest, stolica",
    "hard": "udowodnij, rozproszon*, skalowaln*",
    "brief": "krotko, w jednym zdaniu, jednym slowem",
}

TURKISH: Markers = {
    "translate": "cevir*, tercume",
    "summarize": "ozetle*, ozet",
    "make": "yaz, yazin, olustur*, tasarla*, gelistir*",
    "analyse": "analiz, karsilastir*, degerlendir*",
    "reason": "neden, nicin, acikla*, nasil calisir, adim adim",
    "lookup": "nedir, kimdir, nerede, kac, baskenti",
    "hard": "kanitla*, ispatla*, dagitik, olceklenebilir*",
    "brief": "kisaca, tek cumle*, tek kelime*",
}

UKRAINIAN: Markers = {
    "translate": "перекла*, англійською, українською",
    "summarize": "підсумуй*, стислий виклад",
    "make": "напиши, створи, розроби",
    "reason": "чому, поясни, крок за кроком",
    "lookup": "що таке, хто такий, скільки, столиця",
    "hard": "доведи, доведіть",
}
