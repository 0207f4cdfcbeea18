"""English."""

from openclaw_extproc.policy.complexity.weights import Markers

MARKERS: Markers = {
    "translate": ("translat*, in french please, into english, into german, into spanish, how do you say, how do i say"),
    "summarize": (
        "summar*, tldr, tl dr, condense, key points, main points, key takeaways, recap, digest, boil down, "
        "sum up, sum this up, key facts, gist, abstract of, in a nutshell, bring me up to speed, "
        "catch me up, wrap up, main messages, the main message, one page summary, highlights"
    ),
    "extract": (
        "extract*, pull out, list all, list every, list the names, pick out, find all, find every, "
        "get all, which names, copy out, identify all the, collect all, scrape, give me just the, "
        "which of these, what names, only the numbers, tell me the, only the, names only, just the names, "
        "ingredients only, return only, grab all, grab the, get the, give me every, underline"
    ),
    "classify": (
        "classif*, categori*, label, tag, sentiment, is this spam, spam or, positive or negative, "
        "which category, assign each, sort these, triage, route this, true or false, urgent or, "
        "is this ticket, is this message, is this email, is this comment, is this review, fix or feature, "
        "which of the following"
    ),
    "reword": (
        "rephrase, reword*, rewrite, paraphras*, proofread, correct the grammar, fix the grammar, "
        "fix grammar, fix the spelling, spell check, spelling, grammar, make this sound, more formal, "
        "more polite, polish, shorten, make it shorter, punctuat*, simplify this"
    ),
    "convert": (
        "convert, reformat, format this, format these, turn this into, turn into, transform this, "
        "capitalize, uppercase, lowercase, alphabetically, deduplicate, remove duplicates, sort these, "
        "sort the, put into, put these in, rearrange, split this, merge these, celsius, fahrenheit, "
        "kilometers, pounds to, turn these"
    ),
    "make": (
        "write, writing, create, generate, implement*, develop, draft, compose, produce, make me, code up, "
        "come up with, design, set up, give me a script, port, migrate, rewrite this, scaffold, rename, "
        "add, update, run the tests, organise, organize, outline, put together, prepare, plan, "
        "put in place, convert the code, rebuild, extend, replace, build, invent, lay out, lay down, "
        "sketch, craft, formulate, propose, set out, work out a, put it all together, mock up, stage, "
        "choreograph, arrange"
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
        "estimate the, diagnos*, assess, difference, differences, distinguish, what makes, effect of, "
        "effects of, role of, significance of, similarities, correlation, trend, evaluate the, break down, "
        "segment*, benchmark*, investigate, profile it, find the cause, cluster these, troubleshoot, "
        "diagnose, hypothes*, work out, research, figure out, find out, look into, weigh up, go through, "
        "find where, what they have in common, tell me what, quantify, model the, control for"
    ),
    "critical": (
        "critically, critique, trade offs, tradeoffs, trade off, tradeoff, root cause*, due diligence, "
        "risk assessment, assess the risk*, risks, threat model*, post mortem, postmortem, argue, "
        "counterargument*, counter argument*, strongest case, steelman, weigh the, weigh up, justify, "
        "recommend whether, which strategy, liability, liable, defensible, flaws in, weaknesses, "
        "decide between, decide whether, go no go, contingency, what could go wrong, second order, fairer, "
        "fair to, right or wrong, ethic*, moral*, dilemma, evaluate whether, weakest, steel man, "
        "reconcile, contradict*, prioriti*, ethical, stakeholder*, strengths and weaknesses, swot, "
        "evaluate the argument*, biases, biased, validity, limitations, feasib*, worst case, best case, "
        "merits of, arguments for and against, legal risk*, compliance risk*, enforceable, exposure, "
        "challenge my, devil s advocate, blind spots, red flags, red team, both sides, is it fair, fair, "
        "unfair, justified, for and against, argue for, argue against, draft the amendments, realistic, "
        "where would it break, take a position, morally, legitimate"
    ),
    "reason": (
        "why, explain why, explain how, how does, how do, reasoning, step by step, walk me through, "
        "think through, should i, should we, what would happen, what happens if, what happens when, "
        "explain, recommend, advise, advice, strategy, best approach, is it better, what are the reasons, "
        "causes, plan for, help me plan, help me understand, mechanism, how, why does, "
        "give me your reasons, do you think, what would you, help me decide, what should, how come, "
        "suggest, suggestions, ideas for, tips, what could, what might, how best, what should i, "
        "is it safe, is it worth, is it legal, can my, may my, could my, do i have to, am i allowed, "
        "is it normal, should my, need to decide, choose between, which is better, better choice, "
        "makes sense, worth it, what options, options for, how well, how much sense, whether to, "
        "what led to, what caused, in what way, in what sense, what is the reason, to what extent, "
        "under what circumstances, better, what next, what am i doing wrong, what went wrong, "
        "where would you, without making, get rid of, improve, deal with, cope with, convince, persuade"
    ),
    "calculate": (
        "calculate, compute, solve, percent of, square root, work out, add up, divided by, multiplied by, "
        "how fast, how much would, yield to maturity, how many ways, evaluate the integral, "
        "simplify the expression, interest, how many grams, how many calories, scale this recipe, "
        "scale the recipe, double the, halve the, convert to metric, sample size, work out how"
    ),
    "lookup": (
        "what is, what s, whats, who is, who was, who wrote, who s, which year, what year, what time, "
        "what color, what colour, what does, how many, how old, how tall, how far, how long is, "
        "how long does, how far is, define, definition of, meaning of, capital of, synonym*, antonym*, "
        "abbreviation, stands for, acronym, do you have, is there a, are there any, what are your, "
        "name the, name three, name two, name five, is it ok to, opposite of, population of, what command, "
        "which command, what port, command to, shortcut for, command for, which is, what currency, "
        "what language, what size, do i need, do you ship, do you offer, do you sell, do you accept, "
        "is it open, is it possible to, what are the, what kind of, how much does, how much is, how often, "
        "how long, spell, pronounce, how hot, how high, how big, how heavy, how deep, how many calories, "
        "what temperature, at what temperature, what is the shortcut, full form of, plural of, "
        "past tense of, translation of, zip code, phone number, remind me, set a timer, set an alarm, "
        "turn on, turn off, what s on, weather, play some, add milk, open the, call mom, next meeting, "
        "how to spell, how to pronounce, the full form of, full name of, the full name"
    ),
    "code": (
        "code, function, functions, script, python, javascript, typescript, java, kotlin, golang, rust, "
        "ruby, php, perl, sql, query, queries, regex, regular expression, regexp, api, apis, endpoint*, "
        "algorithm, dockerfile, docker, kubernetes, k8s, pod, pods, helm, terraform, ansible, nginx, bash, "
        "shell, powershell, linux, git, commit, repo, repository, codebase, react, vue, angular, django, "
        "flask, fastapi, nodejs, npm, html, css, frontend, backend, database, postgres*, mysql, sqlite, "
        "redis, kafka, mongodb, unit test, unit tests, pytest, compiler, compile, makefile, yaml, ci, "
        "cron, crontab, lambda, webhook, oauth, jwt, grpc, graphql, thread, threads, mutex, async, "
        "null pointer, nullpointerexception, pointer, recursion, array, linked list, binary tree, hashmap, "
        "dataframe, pandas, numpy, github actions, pipeline, microservice*, cli, library, module, "
        "variable, loop, migration, migrations, orm, code review, pull request, tests, branch, "
        "commit message, service, config, column, type errors, mypy, src, handler, handlers, feature flag, "
        "endpoint, class, parser, app, program, method, import, spring boot, rest api, http, url, urls, "
        "rate limit*, cache, caching, queue, scheduler, load balanc*, server, servers, deploy*, "
        "websocket*, kernel, stack, buffer, byte, bytes, json schema, excel, formula, vlookup, "
        "pivot table, google sheets, etl, dbt, spark, airflow, snowflake, bigquery, ingress, s3, bucket, "
        "iam, vpc, dns, tls, systemd, prometheus, grafana, jenkins, gitlab, playbook yaml, helm chart, "
        "manifest, configmap, statefulset, cronjob, bash script, awk, sed, grep, jq, ssh, iptables, "
        "systemctl, selenium, playwright, scraper, webscraper, jupyter, notebook, tensorflow, pytorch, "
        "sklearn, scikit learn, matplotlib, window function, stored procedure, trigger, index on, "
        "home assistant, browser, roguelike, in rust, plugin, automation, firmware, driver, shader, "
        "raspberry pi, arduino, pull requests, linter"
    ),
    "prose": (
        "email, e mail, essay, story, stories, poem, haiku, limerick, letter, blog, article, post, tweet, "
        "speech, slogan*, tagline*, headline*, description, caption*, song, lyrics, cover letter, toast, "
        "invitation, announcement, press release, newsletter, script for a video, dialogue, monologue, "
        "scene, novel, chapter, screenplay, ad copy, bio, message, reply, resume, cv, proposal, pitch, "
        "brochure, sonnet, fairy tale, eulogy, vows, product page, landing page text, lesson plan, "
        "business plan, syllabus, report, white paper, curriculum, itinerary, menu, recipe, joke, title, "
        "short story, note, off note, name for, birthday message, story of, treatment, handbook, brief, "
        "job description, performance review, interview questions, quiz, worksheet, exam, study plan, "
        "meal plan, shopping list, campaign, landing page, content calendar, subject line, policy, "
        "runbook, playbook, flashcards, survey, presentation, slides, outline, checklist, "
        "social media post, instructions, manual, guide, faq, user story, user stories, "
        "acceptance criteria, hashtags, ad, script, mission statement, questions for, training, tutorial, "
        "postcard, riddle, rap, thank you note, condolence*, complaint, reference letter, "
        "personal statement, grant application, sea shanty, adventure, agenda, interview, sign up text, "
        "job ad, job title, name, one shot, leaflet, memo, pitch deck, table of contents, rules, "
        "card texts, ppt, powerpoint"
    ),
    "data": (
        "json, csv, xml, table, spreadsheet, schema, key value, columns, rows, markdown table, toml, tsv, "
        "ndjson, keys, fields, field, list of, in a table, entries, bullet points, excel, columns a, "
        "json object, json array, key value pairs, html table, latex table, mermaid, org chart, "
        "calendar file, ics, vcard, bibtex"
    ),
    "document": (
        "document*, contract*, agreement, papers, transcript, pdf, attached, attachment*, filing, filings, "
        "annual report, 10 k, whitepaper, lease, policy document, clause, clauses, manuscript, dossier, "
        "prospectus, deposition*, thesis, terms of service, medical record*, patient record*, case file*, "
        "these reports, these documents, report below, logs, annual reports, case study, four papers, "
        "articles, chapters, reports, tickets, thread dumps, paper, the paper"
    ),
    "math": (
        "equation*, integral, integrals, derivative, probability, theorem, proof, matrix, matrices, "
        "eigenvalue*, prime, primes, polynomial*, geometry, triangle, algebra, calculus, "
        "differential equation*, limit of, modulo, combinatori*, permutation*, standard deviation, "
        "variance, expected value, bayes*, vector space, quadratic, logarithm*, arithmetic, fraction*, "
        "prove, converges, inequality, integers, real numbers, sin, cos, sqrt, percent, "
        "interest rate problem, dice, coin, coins, coordinates, angle, angles, volume of, area of, "
        "speed of, velocity, yield, compound interest, square root, average, median, ratio, derivatives of"
    ),
    "hard": (
        "prove, proof, theorem, derive, derivation, rigorous*, formally, complexity of, big o, np hard, "
        "np complete, distributed, concurren*, race condition*, deadlock*, consensus, lock free, "
        "thread safe, under load, scalab*, high availability, fault toleran*, exactly once, idempoten*, "
        "eventual consistency, architect*, multi tenant, sharding, root cause*, optimal, "
        "differential diagnosis, contraindicat*, comorbid*, jurisdiction*, precedent*, statute*, "
        "constitutional*, liability, fiduciary, valuation, discounted cash flow, dcf, hedg*, "
        "derivatives pricing, monte carlo, stochastic, bayesian, causal*, confound*, "
        "statistical significance, regression model, non trivial, edge cases, memory leak, zero downtime, "
        "backward compat*, threat model*, cryptograph*, quantum, thermodynamic*, counterexample, paradox, "
        "epistemolog*, game theor*, reconcile, step therapy, pharmacokinetic*, antitrust, indemni*, "
        "tax treaty, transfer pricing, restructur*, navier stokes, eigen*, trial, double blind, randomi*, "
        "power calculation, garbage collection, memory order*, covenant*, sensitivity, unsolved, "
        "open problem, security, vulnerab*, injection, p99, throughput, latency, conflict resolution, "
        "offline sync, state machine, kernel, closures, lemmas, complex analysis, partition*, replicat*, "
        "failover, disaster recovery, optimization, optimisation, optimality, regulatory"
    ),
    "breadth": (
        "entire codebase, whole codebase, entire repository, whole repository, end to end, from scratch, "
        "production ready, full stack, complete application, whole application, entire application, "
        "complete implementation, full implementation, system design, design a system, platform, "
        "microservice*, multi step, all modules, every module, multiple files, several files, multi file, "
        "codebase, architecture, infrastructure, roadmap, business plan, curriculum, syllabus, chapter, "
        "screenplay, white paper, whitepaper, literature review, research report, market research, "
        "migration plan, multi region, 10 page, ten page, twelve month, 12 month, year long, semester, "
        "full course, all of the documents, these documents, each document, all documents, with tests, "
        "test suite, documentation, ci cd, deployment, game, compiler, interpreter, operating system, "
        "marketplace, dashboard, web app, mobile app, saas, all files, entire contract, long form, "
        "simulator, framework, handbook, playbook, every endpoint, every page, all tests, phase by phase, "
        "module by module, file by file, chapter by chapter, whole, entire, monolith, everything we, "
        "state machine, codebases, several teams, organisation wide, organization wide, company wide, "
        "nationwide, day by day, week by week, operating manual, multi year, novel, across all, "
        "across our, across the, go to market, content calendar, brand strategy, runbook, data warehouse, "
        "disaster recovery, landing zone, rollout plan, multi cluster, operating model, training program*, "
        "training programme, policy manual, full year, school year, quarter by quarter, month by month, "
        "master plan, grant application, feasibility study, playbooks, e commerce, data platform, "
        "ml pipeline, machine learning pipeline, etl, recommendation system, chatbot, knowledge base, "
        "security audit, gap analysis, clinical guideline, treatment plan, systematic review, "
        "meta analysis, case law, memorandum, legal memo, brief for the court, appeal brief, ten chapters, "
        "multi day, banquet, tasting menu, wedding for, a complete, a full, the complete, the full, "
        "full length, from zero, whole team, level editor, put it all together, over two years, "
        "over several, textbook, board game"
    ),
    "deep": (
        "comprehensive*, detailed, in detail, thorough*, in depth, exhaustive*, extensive*, "
        "complete guide, full report, elaborate, at length, deep dive, carefully, meticulous*, nuanced, "
        "1000 words, 1500 words, 2000 words, 3000 words, 2 000 words, 1 000 words, 5000 words, "
        "line by line, section by section, from first principles, every step, full details, cite, "
        "citations, with references, with sources, think hard, ultrathink, think step by step, "
        "extensively, every aspect, all aspects, complete analysis, with examples, with evidence, "
        "peer reviewed, full explanation, evidence based, with citations"
    ),
    "constraint": (
        "must, must not, without, at least, at most, exactly, no more than, no less than, ensure, "
        "make sure, given that, assuming, subject to, constraint*, constrained, requirement*, only if, "
        "unless, provided that, while keeping, taking into account, consider*, support for, "
        "should support, handle, handles, handling, avoid, budget of, limited to, under the assumption"
    ),
    "sequence": (
        "after that, finally, afterwards, followed by, and then, as well as, step 1, phase 1, phases, "
        "in addition, for each, also include, including, first of all, then write, then explain, "
        "then tell, and finally, step two, once that is done, next explain"
    ),
    "brief": (
        "briefly, in brief, short, shorter, one sentence, one word, single word, one line, one liner, "
        "two sentences, in a sentence, just the, only the, quick, quickly, simple, yes or no, haiku, "
        "in one paragraph, single line, few words, tweet, caption, tagline, slogan, joke, just answer, "
        "answer only, just tell me, in 10 words, in ten words, limerick, subject line, title, two lines, "
        "two sentence, name for, in one go, few lines, three words, note, one paragraph, short note, "
        "short answer, birthday message, in short, tl dr, a few words, one example, single sentence, "
        "in one word, in three words, one tweet, headline, tweet length, under 20 words, under 50 words, "
        "max 20 words, max 50 words, a hashtag, pick one, a fun fact, fun fact, riddle, postcard, "
        "text message, sms, push notification, synonyms for, rhymes with, spell, pronounce, name, "
        "names for, nickname, a name"
    ),
    "howto": "how do i, how can i, how to, how do you, how would i, way to",
    "asks": "who, when, where, whose, which, what",
    "expert": (
        "enforceab*, breach, tort, negligen*, appeal, plaintiff, defendant, injunction, arbitration, gdpr, "
        "hipaa, estoppel, patent*, trademark*, non compete, severance, evict*, landlord, tenant, custody, "
        "divorce, inherit*, probate, notice period, dismissal, lawsuit, sue, court, legal, lawyer, law, "
        "symptom*, dosage, dose, drug interaction*, side effect*, prognosis, chronic, renal, kidney, "
        "hepatic, liver, pregnan*, pediatric, paediatric, treatment, therapy, patient*, diagnosis, "
        "medication*, blood pressure, diabet*, cancer, tumor, tumour, surgery, clinical, infection*, "
        "mortgage, pension, tax, taxes, tax return, dividend*, equity, bond, bonds, credit, insolven*, "
        "audit trail, balance sheet, cash flow, depreciation, budget, outlier*, cohort*, hypothesis, "
        "anova, p value, confidence interval, forecast*, clustering, feature engineering, etl, "
        "data warehouse, window function, normali*, schema design, dashboards, ingress, tls, certificate*, "
        "dns, vpc, iam, autoscal*, rollback, blue green, oom, load test, systemd, firewall, vpn, "
        "observability, prometheus, grafana, incident, outage, pedagog*, learning objective*, assessment, "
        "dyslexi*, adhd, special needs, campaign, positioning, go to market, seo, persona*, brand, "
        "retention, churn, negotiation, negotiat*, conflict"
    ),
    "choice": "or",
}
