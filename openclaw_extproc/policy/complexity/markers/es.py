"""Spanish."""

from openclaw_extproc.policy.complexity.kinds import Markers

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
        "implementa*, disena*, elabora*, construye, programa un, programa una, prepara un"
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
        "sopesa, diligencia debida, compensaciones"
    ),
    "reason": (
        "por que, explic*, paso a paso, deberia, deberiamos, debo, como funciona, como puedo, "
        "como se puede, que pasa si, que pasaria, recomend*, recomiend*, consejo*, aconsej*, estrategia, "
        "mejor manera, mejor forma, razones"
    ),
    "calculate": "calcula, calcular, calcule, resuelve, resolver, resuelva, cuanto es, por ciento de",
    "lookup": (
        "que es, cual es, cuales son, quien es, quien fue, quien escribio, cuando es, cuando fue, "
        "donde esta, donde queda, cuantos, cuantas, que significa, definicion de, define, capital de, "
        "sinonimo*, hay un, hay una, que hora, en que ano, como se llama, como se escribe, tienen"
    ),
    "code": (
        "funcion, consulta, consulta sql, base de datos, algoritmo, codigo, programa en, repositorio, "
        "biblioteca, expresion regular"
    ),
    "prose": (
        "poema, cuento, historia, ensayo, carta, carta de presentacion, articulo, discurso, correo, "
        "mensaje, receta, descripcion, comunicado, itinerario, eslogan, guion, cancion"
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
        "todo el codigo, de extremo a extremo, desde cero, aplicacion completa, plataforma, "
        "plan de negocio, plan de negocios, plan de estudios, arquitectura, infraestructura, "
        "varios archivos, todos los archivos, todos los documentos, novela, capitulo, plan de migracion, "
        "sistema completo, con pruebas"
    ),
    "deep": ("detallad*, en detalle, exhaustiv*, a fondo, minucios*, profund*, rigur*, linea por linea, con fuentes"),
    "constraint": (
        "debe, deben, sin, al menos, como maximo, exactamente, teniendo en cuenta, ten en cuenta, "
        "restriccion*, requisito*, siempre que, suponiendo, asegurate, asegur*"
    ),
    "sequence": "primero, luego, despues, finalmente, por ultimo, a continuacion, segundo",
    "brief": (
        "brevemente, breve, corto, corta, en una frase, una frase, una palabra, solo, solamente, rapido, "
        "sencillo, chiste, si o no, dos frases, una oracion"
    ),
}
