"""English."""

from openclaw_extproc.policy.complexity.kinds import Markers

MARKERS: Markers = {
    "translate": ("translat*, in french please, into english, into german, into spanish, how do you say, how do i say"),
    "summarize": ("summar*, tldr, tl dr, condense, key points, main points, key takeaways, recap, digest, boil down"),
    "extract": (
        "extract*, pull out, list all, list every, list the names, pick out, find all, find every, "
        "get all, which names, copy out, identify all the, collect all, scrape"
    ),
    "classify": (
        "classif*, categori*, label, tag, sentiment, is this spam, spam or, positive or negative, "
        "which category, assign each, sort these, triage, route this, true or false, urgent or"
    ),
    "reword": (
        "rephrase, reword*, rewrite, paraphras*, proofread, correct the grammar, fix the grammar, "
        "fix grammar, fix the spelling, spell check, spelling, grammar, make this sound, more formal, "
        "more polite, polish, shorten, make it shorter, punctuat*, simplify this, tone"
    ),
    "convert": (
        "convert, reformat, format this, format these, turn this into, turn into, transform this, "
        "capitalize, uppercase, lowercase, sort, alphabetically, deduplicate, remove duplicates"
    ),
    "make": (
        "write, writing, create, generate, build, implement*, develop, draft, compose, produce, make me, "
        "code up, come up with, design, set up, add a, add an, give me a script, port, migrate, "
        "rewrite this, scaffold"
    ),
    "fix": (
        "fix, fixing, debug*, broken, error, errors, exception, crash*, crashing, fails, failing, failed, "
        "bug, bugs, segfault, traceback, stack trace, stacktrace, does not work, doesn t work, "
        "not working, hangs, refactor*, optimise, optimize, leak, leaks, leaking, flaky, regression, "
        "throws, won t compile, timeouts, oomkilled"
    ),
    "review": (
        "review, code review, pull request, audit, find problems, feedback on, check this, check my, "
        "what is wrong with, what s wrong with, any issues, spot the, security review, look over"
    ),
    "analyse": (
        "analyz*, analys*, compare, comparing, comparison, contrast, interpret*, examine, discuss, "
        "evaluate, differences between, difference between, implications, impact, trends, insights, "
        "relationship between, correlat*, pros and cons, advantages and disadvantages, forecast, "
        "estimate the, diagnos*, assess"
    ),
    "critical": (
        "critically, critique, trade offs, tradeoffs, trade off, tradeoff, root cause*, due diligence, "
        "risk assessment, assess the risk*, risks, threat model*, post mortem, postmortem, argue, "
        "counterargument*, counter argument*, strongest case, steelman, weigh the, weigh up, justify, "
        "recommend whether, which strategy, liability, liable, defensible, flaws in, weaknesses, "
        "decide between, decide whether, go no go, contingency, what could go wrong, second order"
    ),
    "reason": (
        "why, explain why, explain how, how does, how do, how would, how can we, how should, reasoning, "
        "step by step, walk me through, think through, should i, should we, what would happen, "
        "what happens if, what happens when, explain, recommend, advise, advice, strategy, best way to, "
        "best approach, is it better, what are the reasons, cause, causes, plan for, help me plan, "
        "help me understand, mechanism"
    ),
    "calculate": (
        "calculate, compute, solve, how much is, percent of, square root, factor, simplify, "
        "evaluate the integral, work out, add up, divided by, multiplied by, times"
    ),
    "lookup": (
        "what is, what s, whats, who is, who was, who wrote, who s, when is, when was, when did, "
        "when does, where is, where was, where can i find, which year, what year, what time, what day, "
        "what color, what colour, what does, how many, how old, how tall, how far, how long is, "
        "how long does, how far is, define, definition of, meaning of, capital of, synonym*, antonym*, "
        "abbreviation, stands for, acronym, do you have, is there a, are there any, do you, can i, "
        "what are your, how do i reset, how do i change, how do i cancel, where do i, name the, "
        "name three, name two, name five, is it ok to, opposite of, population of, what command, "
        "which command, what port, command to, shortcut for, command for"
    ),
    "code": (
        "code, function, functions, script, python, javascript, typescript, java, kotlin, golang, rust, "
        "ruby, php, perl, sql, query, queries, regex, regular expression, regexp, api, apis, endpoint*, "
        "class, method, program, algorithm, dockerfile, docker, kubernetes, k8s, pod, pods, helm, "
        "terraform, ansible, nginx, bash, shell, powershell, linux, git, commit, repo, repository, "
        "codebase, react, vue, angular, django, flask, fastapi, spring, node, nodejs, npm, html, css, "
        "frontend, backend, database, postgres*, mysql, sqlite, redis, kafka, mongodb, unit test, "
        "unit tests, pytest, compiler, compile, makefile, yaml, ci, cron, crontab, lambda, webhook, oauth, "
        "jwt, grpc, graphql, rest, thread, threads, mutex, async, null pointer, nullpointerexception, "
        "pointer, recursion, array, linked list, binary tree, hashmap, dataframe, pandas, numpy, "
        "github actions, pipeline, microservice*, app, cli, library, module, import, variable, loop, "
        "migration, migrations, orm, parser"
    ),
    "prose": (
        "email, e mail, essay, story, stories, poem, haiku, limerick, letter, blog, article, post, tweet, "
        "speech, slogan*, tagline*, headline*, description, caption*, song, lyrics, cover letter, toast, "
        "invitation, announcement, press release, newsletter, script for a video, dialogue, monologue, "
        "scene, novel, chapter, screenplay, ad copy, copy, bio, message, reply, resume, cv, proposal, "
        "pitch, brochure, sonnet, fairy tale, eulogy, vows, product page, landing page text, lesson plan, "
        "business plan, syllabus, report, white paper, curriculum, itinerary, menu, recipe, joke"
    ),
    "data": (
        "json, csv, xml, table, spreadsheet, schema, key value, columns, rows, markdown table, toml, tsv, "
        "bullet list, ndjson"
    ),
    "document": (
        "document*, contract*, agreement, paper, papers, transcript, pdf, attached, attachment*, filing, "
        "filings, annual report, 10 k, whitepaper, lease, policy document, clause, clauses, manuscript, "
        "dossier, prospectus, deposition*, thesis, terms of service, medical record*, patient record*, "
        "case file*, minutes, these reports, these documents, report below, logs"
    ),
    "math": (
        "equation*, integral, integrals, derivative, derivatives, probability, theorem, proof, matrix, "
        "matrices, eigenvalue*, prime, primes, polynomial*, geometry, triangle, algebra, calculus, "
        "differential equation*, limit of, modulo, combinatori*, permutation*, standard deviation, "
        "variance, expected value, bayes*, vector space, quadratic, logarithm*, arithmetic, fraction*, "
        "prove, converges, series, inequality, integer, integers, real numbers, sin, cos, sqrt, percent"
    ),
    "hard": (
        "prove, proof, theorem, derive, derivation, rigorous*, formally, complexity of, big o, np hard, "
        "np complete, distributed, concurren*, race condition*, deadlock*, consensus, lock free, "
        "thread safe, under load, scalab*, high availability, fault toleran*, exactly once, idempoten*, "
        "eventual consistency, architect*, multi tenant, sharding, root cause*, optimal, optimi*, "
        "differential diagnosis, contraindicat*, comorbid*, jurisdiction*, precedent*, statute*, "
        "constitutional*, liability, fiduciary, regulat*, compliance, valuation, discounted cash flow, "
        "dcf, hedg*, derivatives pricing, monte carlo, stochastic, bayesian, causal*, confound*, "
        "statistical significance, regression model, non trivial, edge cases, memory leak, zero downtime, "
        "backward compat*, threat model*, cryptograph*, quantum, thermodynamic*, counterexample, "
        "induction, paradox, epistemolog*, game theor*, reconcile, step therapy, pharmacokinetic*, "
        "antitrust, indemni*, tax treaty, transfer pricing, restructur*, portfolio"
    ),
    "breadth": (
        "entire codebase, whole codebase, entire repository, whole repository, end to end, from scratch, "
        "production ready, full stack, complete application, whole application, entire application, "
        "complete implementation, full implementation, system design, design a system, platform, "
        "microservice*, multi step, across all, across the, all modules, every module, multiple files, "
        "several files, multi file, codebase, architecture, infrastructure, roadmap, business plan, "
        "curriculum, syllabus, novel, chapter, screenplay, white paper, whitepaper, literature review, "
        "research report, market research, migration plan, multi region, 10 page, ten page, twelve month, "
        "12 month, year long, semester, full course, all of the documents, these documents, each document, "
        "all documents, with tests, unit tests, test suite, documentation, ci cd, deployment, game, "
        "compiler, interpreter, operating system, marketplace, dashboard, web app, mobile app, saas, "
        "all files, entire contract, long form, simulator, framework"
    ),
    "deep": (
        "comprehensive*, detailed, in detail, thorough*, in depth, exhaustive*, extensive*, "
        "complete guide, full report, elaborate, at length, deep dive, carefully, meticulous*, nuanced, "
        "1000 words, 1500 words, 2000 words, 3000 words, 2 000 words, 1 000 words, 5000 words, "
        "line by line, section by section, from first principles, every step, full details, cite, "
        "citations, with references, with sources, think hard, ultrathink, think step by step"
    ),
    "constraint": (
        "must, must not, without, at least, at most, exactly, no more than, no less than, ensure, "
        "make sure, given that, assuming, subject to, constraint*, constrained, requirement*, only if, "
        "unless, provided that, while keeping, taking into account, consider*, support for, "
        "should support, handle, handles, handling, avoid, budget of, limited to, under the assumption"
    ),
    "sequence": (
        "first, then, after that, next, finally, second, third, afterwards, followed by, and then, "
        "as well as, step 1, phase 1, phases, in addition, for each, also include, including"
    ),
    "brief": (
        "briefly, in brief, short, shorter, one sentence, one word, single word, one line, one liner, "
        "two sentences, in a sentence, just the, only the, quick, quickly, simple, yes or no, haiku, "
        "in one paragraph, single line, few words, tweet, caption, tagline, slogan, joke, just answer, "
        "answer only, just tell me, name only, in 10 words, in ten words, limerick, subject line"
    ),
}
