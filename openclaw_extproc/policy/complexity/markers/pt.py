"""Portuguese."""

from openclaw_extproc.policy.complexity.weights import Markers

MARKERS: Markers = {
    "translate": ("traduz*, para o ingles, para ingles, para o portugues, para o espanhol, em ingles, como se diz"),
    "summarize": "resum*, sintetize, pontos principais, pontos chave",
    "extract": "extraia, extrair, extrai, liste todos, liste todas, encontre todos, encontre todas",
    "classify": "classifi*, categoriz*, rotule, positivo ou negativo, qual categoria, sentimento",
    "reword": "reescrev*, reformul*, corrija, corrigir, ortografia, gramatica, mais formal",
    "convert": "converta, converter, formate, ordene, transforme este, transforme esta",
    "make": (
        "escreva, escrever, escreve, redija, crie, criar, gere, gerar, desenvolv*, implement*, projete, "
        "elabore, construa, monte um, adicione, organize, prepare, planeje, atualize, migre, faca um, "
        "faca uma"
    ),
    "fix": (
        "erro, erros, depure, depurar, corrija o bug, nao funciona, falha, falhando, refator*, otimiz*, excecao, trava"
    ),
    "review": "revise, revisar, revisao de codigo, audite, o que ha de errado",
    "analyse": (
        "analis*, compare, comparar, comparacao, avalie, avaliar, diferenca entre, diferencas entre, "
        "vantagens e desvantagens, consequencias, impacto, discuta"
    ),
    "critical": (
        "criticamente, causa raiz, riscos, responsabilidade, fraquezas, contra argument*, pros e contras, "
        "justo, injusto, legitimo, a favor e contra"
    ),
    "reason": (
        "por que, porque, expli*, passo a passo, devo, deveria, deveriamos, como funciona, o que acontece, "
        "recomend*, conselho*, estrategia, melhor maneira, melhor forma, motivos, como a, como o, como os, "
        "vale a pena, me ajude, o que voce acha, preciso decidir, posso, pode meu, ideias para, "
        "o que fazer, e perigoso, e melhor, e seguro, quais opcoes, dicas, melhor, a que se deve, "
        "de que forma, como melhorar, o que devo"
    ),
    "calculate": "calcule, calcular, resolva, resolver, quanto e",
    "lookup": (
        "o que e, qual e, qual a, qual o, quais sao, quem e, quem foi, quando e, quando foi, onde fica, "
        "onde esta, quantos, quantas, o que significa, definicao de, defina, capital de, capital do, "
        "capital da, sinonimo*, que horas, em que ano, voces tem, preciso de, quanto custa, quanto tempo, "
        "voces entregam, voces aceitam, voces fazem, voces enviam"
    ),
    "code": (
        "funcao, consulta sql, banco de dados, algoritmo, codigo, programa em, repositorio, biblioteca, "
        "expressao regular"
    ),
    "prose": (
        "poema, conto, historia, redacao, carta, artigo, discurso, mensagem, receita, descricao, "
        "comunicado, roteiro, musica, slogan, cronica, titulo, legenda, vaga, questionario, prova, "
        "campanha, guia, lista de compras, cardapio, apresentacao, exercicios, assunto, post, texto"
    ),
    "data": "tabela, colunas, linhas da tabela",
    "document": "contrato*, documento*, relatorio, anexo, clausula*, ata, processo, sentenca",
    "math": (
        "equacao, equacoes, integral, derivada, probabilidade*, teorema, demonstre, prove que, matriz, "
        "numeros primos, numero primo, triangulo, logaritm*, polinomio*"
    ),
    "hard": (
        "demonstre, demonstrar, prove que, distribuid*, concorren*, escalab*, alta disponibilidade, "
        "arquitetura, diagnostico diferencial, contraindica*, juridic*, jurisprudencia, lgpd, tributar*, "
        "causal*, otimal"
    ),
    "breadth": (
        "todo o codigo, ponta a ponta, do zero, aplicacao completa, aplicativo completo, plataforma, "
        "plano de negocios, plano de ensino, arquitetura, infraestrutura, varios arquivos, "
        "todos os documentos, romance, capitulo, plano de migracao, com testes, completo, completa, "
        "todo o, toda a, estrategia de marketing, ano letivo, plano anual, semana a semana, mes a mes, "
        "estudo de viabilidade"
    ),
    "deep": ("detalhad*, em detalhes, exaustiv*, a fundo, minucios*, aprofundad*, linha por linha, com fontes"),
    "constraint": (
        "deve, devem, sem, pelo menos, no maximo, exatamente, levando em conta, considerando, restric*, "
        "requisito*, desde que, supondo"
    ),
    "sequence": "primeiro, depois, em seguida, finalmente, por fim",
    "brief": (
        "brevemente, breve, curto, curta, em uma frase, uma frase, uma palavra, apenas, somente, rapido, "
        "simples, piada, sim ou nao, um nome, nome para, titulo"
    ),
    "howto": "como posso, como faco, como se faz, como eu, como cancelar, como mudar, como se escreve",
    "asks": "quem, quando, onde, qual",
    "expert": (
        "demissao, aviso previo, inquilino, locador, heranca, divorcio, guarda, tribunal, advogado, "
        "processo judicial, direito, patente, sintoma*, dose, efeitos colaterais, tratamento, terapia, "
        "paciente*, diagnostico, medicamento*, pressao arterial, diabetes, cancer, gravid*, cirurgia, "
        "hipoteca, credito, imposto*, aposentadoria, balanco, falencia, previsao, certificado*, campanha, "
        "marca, publico alvo, negoci*"
    ),
}
