"""German."""

from openclaw_extproc.policy.complexity.weights import Markers

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
        "kurze diesen, verbessere den text, korrekturlesen, formulier*, besser formulieren, freundlicher"
    ),
    "convert": "konvertier*, wandle, umwandeln, formatier*, sortier*, umrechnen, rechne",
    "make": (
        "schreib, schreibe, schreiben, erstell*, entwirf, entwerf*, entwickl*, baue, implementier*, "
        "generier*, verfass*, programmier*, gestalte, fuhre, stelle, plane, stell, organisier*, andere, "
        "ersetze, fuge"
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
        "haftung, haftet, schwachstellen, stichhaltig, gegenargument*, due diligence, ob wir, ob ich, "
        "gerecht, fair, fur und wider, argumente, pro und contra, rechtfertig*, legitim"
    ),
    "reason": (
        "warum, weshalb, wieso, erklar*, begrund*, schritt fur schritt, sollte ich, sollten wir, soll ich, "
        "wie funktioniert, wie wurde, was passiert wenn, empfiehl, empfehl*, strategie, beste weg, "
        "ursache*, wie lasst sich, wie, lohnt es sich, was soll ich, kannst du mir helfen, hilf mir, "
        "darf mein, darf ich, kann mein, tipps, ideen fur, was konnte, ist es sinnvoll, ist es gefahrlich, "
        "muss ich, welche moglichkeiten, lohnt sich, besser, woran, wie kommt es, wie gehe ich, "
        "was konnen wir, woher, wodurch, inwiefern"
    ),
    "calculate": "berechn*, ausrechnen, lose, losen, wie viel ist, wieviel ist, prozent von",
    "lookup": (
        "was ist, was sind, wer ist, wer war, wer hat, wann ist, wann war, wann wurde, wo ist, wo liegt, "
        "wo finde, wie viele, wieviele, wie hoch, wie alt, wie lange dauert, wie lange ist, was bedeutet, "
        "was heisst, bedeutung von, definier*, hauptstadt, abkurzung, wofur steht, synonym*, wie spat, "
        "gibt es, haben sie, welches jahr, in welchem jahr, wie heisst, wie lautet, wie lange, wie viel, "
        "wie teuer, wie weit, wie gross, brauche ich"
    ),
    "code": (
        "funktion, skript, programm, quellcode, datenbank*, abfrage, sql abfrage, klasse, methode, "
        "algorithmus, regularer ausdruck, schnittstelle, bibliothek, codebasis, test, tests, javascript, "
        "typescript, kubernetes, liste, dictionaries, rest schnittstelle, projekt"
    ),
    "prose": (
        "gedicht, geschichte, aufsatz, brief, anschreiben, bewerbung, artikel, rede, gluckwunsch*, mail, "
        "nachricht, blogbeitrag, beitrag, lebenslauf, pressemitteilung, rezept, einladung, slogan, "
        "geburtstagsgruss*, kurzgeschichte, reiseplan, unterrichtsplan, stundenplan, unterrichtsentwurf, "
        "arbeitsblatt, quiz, klausur, stellenanzeige, kampagne, anleitung, checkliste, einkaufsliste, "
        "speiseplan, essensplan, menu, prasentation, zeugnis, kundigungsschreiben, betreff, betreffzeile, "
        "werbetext, beschreibung, produktbeschreibung, konzept, gruss"
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
        "dsgvo, kausal*, steuerlich*, haftungsrechtlich*, holding*, strikt*, sicherheitslucke*"
    ),
    "breadth": (
        "von grund auf, produktionsreif*, systementwurf, plattform, geschaftsplan, businessplan, lehrplan, "
        "curriculum, mehrere dateien, alle dateien, architektur, infrastruktur, mit tests, alle dokumente, "
        "roman, kapitel, migrationsplan, vollstandige, komplett*, gesamte*, gesamten, ganze, ganzen, "
        "modul fur modul, alle tests, buchungssystem, konzept, handbuch, vollstandig*, jahresplan, "
        "schuljahr, handlungskonzept, marketingstrategie, rollout, wissensdatenbank, gesamtkonzept, "
        "gutachten, rechtsgutachten, mehrere standorte, monat fur monat, woche fur woche"
    ),
    "deep": (
        "ausfuhrlich*, detaillier*, grundlich*, umfassend*, eingehend*, im detail, sorgfaltig*, "
        "tiefgehend*, zeile fur zeile, mit quellen, umfassend"
    ),
    "constraint": (
        "muss, mussen, darf nicht, ohne, mindestens, hochstens, genau, sicherstell*, berucksichtig*, "
        "unter der annahme, vorausgesetzt, anforderung*, beschrank*, es sei denn"
    ),
    "sequence": "zuerst, zunachst, danach, anschliessend, schliesslich, ausserdem, erstens, zweitens, drittens",
    "brief": (
        "kurz, kurze, kurzer, kurzen, kurzes, knapp, in einem satz, ein satz, ein wort, nur die, nur das, "
        "nur den, schnell, einfach, einzeiler, witz, ja oder nein, zwei satzen, stichwort*, name fur, "
        "namen fur, ein name, titel"
    ),
    "howto": (
        "wie kann ich, wie kann man, wie mache ich, wie bekomme ich, wie finde ich, wie sortiere ich, "
        "wie schreibe ich, wie stelle ich, wie andere ich, wie losche ich, wie kundige ich, wie lade ich"
    ),
    "asks": "wer, wann, wo, welche, welcher, welches, wie viele",
    "expert": (
        "kundigung, vermieter, mieter, mietrecht, arbeitsrecht, abfindung, erbe, erbrecht, scheidung, "
        "sorgerecht, klage, gericht, anwalt, widerruf*, gewahrleistung, schadensersatz, urheberrecht, "
        "datenschutz, symptom*, dosierung, nebenwirkung*, behandlung, therapie, patient*, diagnose, "
        "medikament*, blutdruck, diabetes, krebs, schwanger*, operation, hypothek, kredit, steuer*, rente, "
        "aktien, bilanz, abschreibung, insolvenz, ausreisser, prognose, zertifikat*, firewall, ausfall, "
        "kampagne, zielgruppe, marke, lernziel*, verhandl*"
    ),
    "choice": "oder",
}
