"""Italian."""

from openclaw_extproc.policy.complexity.weights import Markers

MARKERS: Markers = {
    "translate": "traduc*, tradurre, traduci, in inglese, in italiano, in francese, in tedesco, come si dice",
    "summarize": "riassum*, riassunto, sintetizza, punti chiave, punti principali",
    "extract": "estrai, estrarre, estragga, elenca tutti, elenca tutte, trova tutti, trova tutte",
    "classify": "classifica, classificare, categorizza, etichetta, positivo o negativo, quale categoria",
    "reword": "riformula, riscrivi, correggi, correggere, ortografia, grammatica, piu formale",
    "convert": "converti, convertire, trasforma, formatta, ordina",
    "make": (
        "scrivi, scrivere, scrivimi, redigi, crea, creare, genera, generare, sviluppa*, implementa*, "
        "progetta*, elabora, costruisci, prepara un, aggiungi, organizza, prepara, pianifica, aggiorna, "
        "migra, stendi"
    ),
    "fix": "errore, errori, non funziona, si blocca, fallisce, refactoring, ottimizza*, eccezione",
    "review": "rivedi, revisione del codice, controlla, verifica, cosa c e che non va",
    "analyse": (
        "analizza*, analisi, confronta, confrontare, confronto, valuta, valutare, differenza tra, "
        "differenze tra, vantaggi e svantaggi, conseguenze, impatto, discuti"
    ),
    "critical": (
        "criticamente, causa principale, cause profonde, rischi, responsabilita, debolezze, "
        "controargoment*, pro e contro, giusto, ingiusto, legittimo, a favore e contro"
    ),
    "reason": (
        "perche, spiega*, spiegami, passo dopo passo, passo passo, dovrei, dovremmo, devo, come funziona, "
        "cosa succede, consigli*, raccomanda, strategia, modo migliore, ragioni, conviene, vale la pena, "
        "cosa ne pensi, aiutami, che cosa faresti, posso, puo il mio, idee per, cosa fare, e pericoloso, "
        "e meglio, e sicuro, quali opzioni, suggeriscimi, suggerisci, meglio, migliore, a cosa e dovuto, "
        "in che modo, come migliorare, cosa devo"
    ),
    "calculate": "calcola, calcolare, risolvi, risolvere, quanto fa",
    "lookup": (
        "che cos e, cos e, cosa e, qual e, quali sono, chi e, chi ha, chi era, quando e, quando fu, "
        "dove si trova, dov e, quanti, quante, cosa significa, definizione di, capitale del, "
        "capitale della, capitale di, sinonimo, sinonimi, che ora, in che anno, come si chiama, "
        "ho bisogno di, quanto costa, quanto dura, quanto tempo, qual e il"
    ),
    "code": ("funzione, database, algoritmo, codice, programma in, libreria, espressione regolare, interrogazione sql"),
    "prose": (
        "poesia, racconto, storia, saggio, lettera, articolo, discorso, messaggio, ricetta, descrizione, "
        "comunicato, itinerario, canzone, slogan, annuncio di lavoro, questionario, esame, campagna, "
        "guida, lista della spesa, menu, presentazione, esercizi, oggetto della mail, testo, post, "
        "didascalia"
    ),
    "data": "tabella, colonne, righe",
    "document": (
        "contratto, contratti, documento, documenti, relazione, allegato, clausola, clausole, verbale, "
        "fascicolo, sentenza"
    ),
    "math": (
        "equazione, equazioni, integrale, derivata, probabilita, teorema, dimostra, dimostrare, matrice, "
        "numeri primi, numero primo, triangolo, logaritm*, polinomio"
    ),
    "hard": (
        "dimostra, dimostrare, dimostrazione, distribuit*, concorren*, scalabil*, alta disponibilita, "
        "architettura, diagnosi differenziale, controindica*, giuridic*, giurisprudenza, conformita, "
        "fiscal*, causal*, ottimal*"
    ),
    "breadth": (
        "tutto il codice, dall inizio alla fine, da zero, applicazione completa, piattaforma, "
        "piano industriale, business plan, programma didattico, architettura, infrastruttura, piu file, "
        "tutti i documenti, romanzo, capitolo, piano di migrazione, con test, completo, completa, "
        "tutto il, tutta la, intero, intera, strategia di marketing, anno scolastico, piano annuale, "
        "settimana per settimana, mese per mese, studio di fattibilita"
    ),
    "deep": ("dettagliat*, in dettaglio, nel dettaglio, esaustiv*, approfondi*, minuzios*, riga per riga, con fonti"),
    "constraint": (
        "deve, devono, senza, almeno, al massimo, esattamente, tenendo conto, vincol*, requisit*, "
        "a condizione che, supponendo"
    ),
    "sequence": "prima di tutto, poi, dopodiche, infine",
    "brief": (
        "brevemente, breve, corto, in una frase, una frase, una parola, solo, soltanto, veloce, semplice, "
        "barzelletta, si o no, augurio, titolo, due righe, nome per, un nome, titolo per"
    ),
    "howto": "come si, come posso, come faccio, come si fa, come si scrive",
    "asks": "quando, dove, quale, chi",
    "expert": (
        "licenziamento, preavviso, inquilino, proprietario di casa, eredita, divorzio, affidamento, "
        "tribunale, avvocato, causa legale, diritto, brevetto, sintom*, dosaggio, effetti collaterali, "
        "trattamento, terapia, pazient*, diagnosi, farmac*, pressione arteriosa, diabete, cancro, "
        "gravidanza, chirurg*, mutuo, credito, tasse, imposta, pensione, bilancio, fallimento, previsione, "
        "certificato, campagna, marchio, negozia*"
    ),
}
