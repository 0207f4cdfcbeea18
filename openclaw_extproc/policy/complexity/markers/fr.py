"""French."""

from openclaw_extproc.policy.complexity.weights import Markers

MARKERS: Markers = {
    "translate": "tradui*, en anglais, en francais, en allemand, en espagnol, comment dit on",
    "summarize": "resume, resumer, resumez, synthetis*, points cles, points essentiels, synthese",
    "extract": "extrai*, extraire, releve tous, liste tous, liste toutes, enumere, trouve tous, trouve toutes",
    "classify": ("classe, classer, classez, categoris*, etiquet*, positif ou negatif, quelle categorie, sentiment"),
    "reword": (
        "reformul*, corrige, corriger, corrigez, orthograph*, grammaire, plus formel, plus poli, relis, "
        "paraphras*, fautes, corrige les fautes"
    ),
    "convert": "converti*, convertir, transforme, mets en forme, trie, trier",
    "make": (
        "ecris, ecrire, ecrivez, redige, rediger, redigez, cree, creer, creez, genere, generer, developpe, "
        "developper, implement*, concois, concevoir, construis, programme moi, invente, ajoute, ajouter, "
        "mets a jour, organise, prepare, planifie, elabore, monte"
    ),
    "fix": (
        "erreur, erreurs, bogue, corrige le bug, debogu*, plante, ne marche pas, ne fonctionne pas, "
        "echoue, refactoris*, optimis*, repare"
    ),
    "review": "revue de code, relire, verifie, verifiez, examine, auditer",
    "analyse": (
        "analyse, analyser, analysez, compare, comparer, comparez, comparaison, evalue, evaluer, "
        "differences entre, difference entre, avantages et inconvenients, consequences, impact, "
        "interpret*, discut*"
    ),
    "critical": (
        "critique, esprit critique, cause profonde, causes profondes, risques, responsabilite, compromis, "
        "arguments pour et contre, faiblesses, contre argument*, arbitrage, juste, injuste, legitime, "
        "pour et contre, argumente, en quoi"
    ),
    "reason": (
        "pourquoi, expliqu*, etape par etape, devrais je, dois je, devrions nous, comment fonctionne, "
        "que se passe t il, recommand*, conseil*, strategie, meilleure facon, raisons, penses tu, "
        "argumente, convient mieux, aide moi, puis je, est ce que je peux, mon employeur peut il, "
        "conseille, idees pour, que faire, est il dangereux, vaut il mieux, quelles options, d ou vient, "
        "d ou ca vient, mieux, meilleur, meilleure, en quoi, vaut il, de quelle maniere, a quoi sert"
    ),
    "calculate": "calcule, calculer, calculez, resous, resoudre, combien font, pour cent de, combien fait",
    "lookup": (
        "qu est ce que, qu est ce qu, quel est, quelle est, quels sont, quelles sont, qui est, qui a, "
        "quand est, quand a, ou est, ou se trouve, combien de, combien y a, que signifie, definition de, "
        "definis, capitale de, capitale du, synonyme*, que veut dire, y a t il, quelle heure, "
        "en quelle annee, combien, faut il"
    ),
    "code": (
        "fonction, requete, requete sql, base de donnees, algorithme, programme en, depot, bibliotheque, "
        "interface de programmation"
    ),
    "prose": (
        "poeme, histoire, dissertation, lettre, lettre de motivation, article, discours, courriel, billet, "
        "nouvelle, recette, description, communique, conte, slogan, message, itineraire, fiche de poste, "
        "quiz, examen, campagne, guide, liste de courses, menu, presentation, fiche, exercice*, "
        "objet du mail, cours, texte"
    ),
    "data": "tableau, colonnes, lignes du tableau",
    "document": (
        "contrat*, document*, bail, rapport, annexe, piece jointe, pieces jointes, clause, clauses, "
        "proces verbal, dossier, jugement, rapport annuel, compte rendu"
    ),
    "math": (
        "equation*, integrale, derivee, probabilite*, theoreme, preuve, demontr*, matrice, "
        "nombres premiers, nombre premier, triangle, logarithm*, polynome*"
    ),
    "hard": (
        "demontr*, prouve, prouver, demonstration, derive formellement, distribue, concurrence, "
        "interblocage, passage a l echelle, haute disponibilite, architecture, diagnostic differentiel, "
        "contre indication*, juridi*, jurisprudence, responsabilite, conformite, rgpd, fiscal*, causal*, "
        "evaluation d entreprise, optimal*"
    ),
    "breadth": (
        "tout le code, l ensemble du code, de bout en bout, a partir de zero, application complete, "
        "plateforme, plan d affaires, business plan, programme de cours, architecture, infrastructure, "
        "plusieurs fichiers, tous les documents, roman, chapitre, plan de migration, cahier des charges, "
        "avec des tests, complet, complete, tout le, toute la, entier, entiere, strategie marketing, "
        "annee scolaire, plan annuel, plusieurs sites, semaine par semaine, mois par mois, "
        "etude de faisabilite, plan complet"
    ),
    "deep": (
        "detaille*, en detail, approfondi*, exhausti*, complet et, minutieu*, rigoureu*, ligne par ligne, "
        "avec des sources"
    ),
    "constraint": (
        "doit, doivent, sans, au moins, au plus, au maximum, exactement, en tenant compte, tenant compte, "
        "contrainte*, exigence*, a condition que, sachant que, en supposant"
    ),
    "sequence": "d abord, ensuite, puis, enfin, premierement, deuxiemement",
    "brief": (
        "brievement, bref, court, courte, en une phrase, une phrase, un mot, seulement, uniquement, "
        "simplement, vite, blague, oui ou non, deux phrases, nom pour, un nom, titre"
    ),
    "howto": "comment, comment puis je, comment faire, comment peut on, comment fait on",
    "asks": "qui, quand, quel, quelle, ou",
    "expert": (
        "licenciement, preavis, bailleur, proprietaire, locataire, heritage, succession, divorce, garde, "
        "tribunal, avocat, plainte, prejudice, droit, brevet, symptome*, posologie, dosage, "
        "effets secondaires, traitement, therapie, patient*, diagnostic, medicament*, tension arterielle, "
        "diabete, cancer, enceinte, chirurgie, hypotheque, credit, impot*, retraite, bilan, faillite, "
        "prevision*, certificat*, panne, campagne, marque, public cible, negoci*"
    ),
}
