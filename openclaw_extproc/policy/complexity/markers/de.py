"""German."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": (
        "ubersetz*, auf englisch, auf deutsch, auf franzosisch, ins englische, ins deutsche, "
        "ins franzosische, ins spanische, wie sagt man"
    ),
    "summarize": "zusammenfass*, fasse, fass, zusammengefasst, kernaussagen, stichpunkt*, wichtigsten punkte",
    "extract": ("extrahier*, liste alle, nenne alle, heraussuchen, suche alle, finde alle, herauslesen, welche namen"),
    "classify": (
        "klassifizier*, kategorisier*, ordne, einordnen, stimmung, positiv oder negativ, welche kategorie, einstuf*"
    ),
    "reword": (
        "umformulier*, formuliere, korrigier*, rechtschreib*, grammatik, hoflicher, formeller, "
        "kurze diesen, verbessere den text, korrekturlesen"
    ),
    "convert": "konvertier*, wandle, umwandeln, formatier*, sortier*, umrechnen, rechne",
    "make": (
        "schreib, schreibe, schreiben, erstell*, entwirf, entwerf*, entwickl*, baue, implementier*, "
        "generier*, verfass*, programmier*, gestalte"
    ),
    "fix": (
        "fehler, behebe, beheben, debugg*, absturz*, sturzt, kaputt, funktioniert nicht, geht nicht, "
        "ausnahme, refaktor*, optimier*, repari*, fehlermeldung"
    ),
    "review": "uberpruf*, prufe, pruf, begutacht*, was ist falsch, durchsehen, code review, durchsicht",
    "analyse": (
        "analysier*, analyse, vergleich*, untersuch*, bewert*, interpretier*, unterschied*, auswirkung*, "
        "vorteile und nachteile, vor und nachteile, diskutier*, prognos*, beurteil*"
    ),
    "critical": (
        "kritisch*, abwag*, wage, abzuwagen, ursachenanalyse, grundursache, risikobewertung, risiken, "
        "haftung, haftet, schwachstellen, stichhaltig, gegenargument*, due diligence"
    ),
    "reason": (
        "warum, weshalb, wieso, erklar*, begrund*, schritt fur schritt, sollte ich, sollten wir, soll ich, "
        "wie funktioniert, wie wurde, was passiert wenn, empfiehl, empfehl*, strategie, wie kann man, "
        "wie kann ich, am besten, rat, beste weg, ursache*, wie lasst sich"
    ),
    "calculate": "berechn*, ausrechnen, lose, losen, wie viel ist, wieviel ist, prozent von",
    "lookup": (
        "was ist, was sind, wer ist, wer war, wer hat, wann ist, wann war, wann wurde, wo ist, wo liegt, "
        "wo finde, wie viele, wieviele, wie hoch, wie alt, wie lange dauert, wie lange ist, was bedeutet, "
        "was heisst, bedeutung von, definier*, hauptstadt, abkurzung, wofur steht, synonym*, wie spat, "
        "gibt es, haben sie, welches jahr, in welchem jahr, wie heisst, wie lautet"
    ),
    "code": (
        "funktion, skript, programm, quellcode, datenbank*, abfrage, sql abfrage, klasse, methode, "
        "algorithmus, regularer ausdruck, schnittstelle, bibliothek, codebasis"
    ),
    "prose": (
        "gedicht, geschichte, aufsatz, brief, anschreiben, bewerbung, artikel, rede, gluckwunsch*, mail, "
        "nachricht, blogbeitrag, beitrag, lebenslauf, pressemitteilung, rezept, einladung, slogan, "
        "geburtstagsgruss*, kurzgeschichte, reiseplan, unterrichtsplan, stundenplan"
    ),
    "data": "tabelle, spalten, zeilen, tabellarisch",
    "document": (
        "dokument*, vertrag, vertrage, vertrags*, mietvertrag, arbeitsvertrag, protokoll, gutachten, "
        "anhang, angehangt*, unterlagen, klausel*, geschaftsbericht, jahresbericht, urteil"
    ),
    "math": (
        "gleichung*, integral, ableitung, wahrscheinlichkeit*, beweis*, matrix, primzahl*, dreieck, bruch, "
        "logarithm*, stammfunktion, polynom*, eigenwert*"
    ),
    "hard": (
        "beweis*, herleit*, verteilt*, nebenlaufig*, verklemmung*, skalierbar*, ausfallsicher*, "
        "architektur, optimal, rechtslage, haftung, rechtlich*, gesetzlich*, differentialdiagnos*, "
        "differenzialdiagnos*, wechselwirkung*, unternehmensbewertung, mandantenfahig*, steuerrechtlich*, "
        "dsgvo, kausal*"
    ),
    "breadth": (
        "gesamte codebasis, gesamtes projekt, gesamten code, von grund auf, vollstandig*, "
        "komplette anwendung, produktionsreif*, systementwurf, plattform, geschaftsplan, businessplan, "
        "lehrplan, curriculum, mehrere dateien, alle dateien, architektur, infrastruktur, mit tests, "
        "alle dokumente, roman, kapitel, migrationsplan"
    ),
    "deep": (
        "ausfuhrlich*, detaillier*, grundlich*, umfassend*, eingehend*, im detail, sorgfaltig*, "
        "tiefgehend*, zeile fur zeile, mit quellen"
    ),
    "constraint": (
        "muss, mussen, darf nicht, ohne, mindestens, hochstens, genau, sicherstell*, berucksichtig*, "
        "unter der annahme, vorausgesetzt, anforderung*, beschrank*, es sei denn"
    ),
    "sequence": "zuerst, zunachst, danach, anschliessend, schliesslich, ausserdem, erstens, zweitens, drittens",
    "brief": (
        "kurz, kurze, kurzer, kurzen, kurzes, knapp, in einem satz, ein satz, ein wort, nur die, nur das, "
        "nur den, schnell, einfach, einzeiler, witz, ja oder nein, zwei satzen, stichwort*"
    ),
}
