"""Spanish."""

from openclaw_extproc.policy.complexity.weights import Markers

MARKERS: Markers = {
    "translate": "traduc*, traduzca, traduzc*, al ingles, al espanol, al frances, al aleman, como se dice",
    "summarize": "resum*, sintetiza, puntos clave, puntos principales, sintesis",
    "extract": (
        "extrae, extraer, extraiga, extrai*, enumera todos, lista todos, lista todas, encuentra todos, "
        "saca todos, saca las"
    ),
    "classify": "clasific*, categoriza*, etiqueta, positivo o negativo, que categoria, sentimiento",
    "reword": "reformula*, reescrib*, corrige, corregir, ortografia, gramatica, mas formal, parafrase*",
    "convert": "convierte, convertir, transforma, formatea, ordena, ordenar",
    "make": (
        "escribe, escribir, escriba, escribeme, redacta*, crea, crear, genera, generar, desarrolla*, "
        "implementa*, disena*, elabora*, construye, programa un, programa una, prepara un, anade, agrega, "
        "organiza, prepara, planifica, actualiza, migra, encuentra por que"
    ),
    "fix": (
        "error, errores, depura*, arregla*, no funciona, falla, fallan, refactoriza*, optimiza*, excepcion, se cuelga"
    ),
    "review": "revisa, revisar, revise, revision de codigo, audita*, que esta mal",
    "analyse": (
        "analiz*, analisis, compara, comparar, compare, comparacion, evalua, evaluar, evalue, "
        "diferencia entre, diferencias entre, ventajas y desventajas, consecuencias, impacto, interpret*, "
        "discute, pros y contras"
    ),
    "critical": (
        "critica, criticamente, causa raiz, riesgos, responsabilidad, debilidades, contraargument*, "
        "sopesa, diligencia debida, compensaciones, justo, injusto, a favor y en contra, legitimo, "
        "justifica"
    ),
    "reason": (
        "por que, explic*, paso a paso, deberia, deberiamos, debo, como funciona, que pasa si, "
        "que pasaria, recomend*, recomiend*, consejo*, aconsej*, estrategia, mejor manera, mejor forma, "
        "razones, me conviene, que me aconsejas, ayudame, que opinas, vale la pena, puedo, puede mi, "
        "ideas para, que hago, es peligroso, es mejor, es seguro, que opciones, mejor, a que se debe, "
        "de que manera, como hago para, que me recomiendas, a que puede deberse"
    ),
    "calculate": "calcula, calcular, calcule, resuelve, resolver, resuelva, cuanto es, por ciento de",
    "lookup": (
        "que es, cual es, cuales son, quien es, quien fue, quien escribio, cuando es, cuando fue, "
        "donde esta, donde queda, cuantos, cuantas, que significa, definicion de, define, capital de, "
        "sinonimo*, hay un, hay una, que hora, en que ano, como se llama, tienen, que tipo de, necesito, "
        "cuanto cuesta, cuanto tarda, cuanto dura, hacen envios"
    ),
    "code": (
        "funcion, consulta, consulta sql, base de datos, algoritmo, codigo, programa en, repositorio, "
        "biblioteca, expresion regular, despliegue, pruebas, autenticacion, left join"
    ),
    "prose": (
        "poema, cuento, historia, ensayo, carta, carta de presentacion, articulo, discurso, correo, "
        "mensaje, receta, descripcion, comunicado, itinerario, eslogan, guion, cancion, oferta de empleo, "
        "cuestionario, examen, campana, guia, lista de la compra, menu, presentacion, ejercicios, asunto, "
        "publicacion, texto, descripcion de producto"
    ),
    "data": "tabla, columnas, filas",
    "document": (
        "contrato*, documento*, informe, adjunto, clausula*, arrendamiento, acta, expediente, sentencia, informe anual"
    ),
    "math": (
        "ecuacion*, integral, derivada, probabilidad*, teorema, demuestra, demostr*, matriz, "
        "numeros primos, numero primo, triangulo, logaritm*, polinomio*"
    ),
    "hard": (
        "demuestra, demuestre, demostrar, demostracion, deduce formalmente, distribuid*, concurren*, "
        "interbloqueo*, escalab*, alta disponibilidad, arquitectura, diagnostico diferencial, "
        "contraindica*, juridic*, jurisprudencia, responsabilidad, cumplimiento, rgpd, fiscal*, causal*, "
        "valoracion de empresa, optim*"
    ),
    "breadth": (
        "todo el codigo, de extremo a extremo, desde cero, plataforma, plan de negocio, plan de negocios, "
        "plan de estudios, arquitectura, infraestructura, varios archivos, todos los archivos, "
        "todos los documentos, novela, capitulo, plan de migracion, con pruebas, completo, completa, "
        "todo el, toda la, panel de control, entero, entera, estrategia de marketing, ano escolar, "
        "plan anual, varias sedes, semana a semana, mes a mes, estudio de viabilidad, plan completo"
    ),
    "deep": ("detallad*, en detalle, exhaustiv*, a fondo, minucios*, profund*, rigur*, linea por linea, con fuentes"),
    "constraint": (
        "debe, deben, sin, al menos, como maximo, exactamente, teniendo en cuenta, ten en cuenta, "
        "restriccion*, requisito*, siempre que, suponiendo, asegurate, asegur*"
    ),
    "sequence": "primero, luego, despues, finalmente, por ultimo, a continuacion, segundo",
    "brief": (
        "brevemente, breve, corto, corta, en una frase, una frase, una palabra, solo, solamente, rapido, "
        "sencillo, chiste, si o no, dos frases, una oracion, eslogan, titulo, nombre para, dos lineas, "
        "un nombre, nombre, titulo para"
    ),
    "howto": ("como puedo, como se puede, como hago, como se hace, como puedo cambiar, como cancelo, como se escribe"),
    "asks": "quien, cuando, donde, cual",
    "expert": (
        "despido, preaviso, inquilino, casero, arrendador, herencia, divorcio, custodia, juzgado, "
        "tribunal, abogado, demanda, derecho, patente, sintoma*, dosis, efectos secundarios, tratamiento, "
        "terapia, paciente*, diagnostico, medicamento*, presion arterial, diabetes, cancer, embaraz*, "
        "cirugia, hipoteca, credito, impuesto*, jubilacion, balance, insolvencia, prevision*, "
        "certificado*, campana, marca, publico objetivo, negoci*"
    ),
}
