# What follows from a fitted measurement model, as lavaan and semTools compute it:
# modification indices (groups, regressions, the Wishart likelihood, ordinal items),
# score tests of labels and stated constraints, factor scores (predictors, mixed and
# missing ordinal answers), composite reliability, average variance extracted, HTMT;
# and by base R, from the published formulas: HTMT of Henseler, Ringle & Sarstedt
# (2015, arithmetic means of absolute correlations) and dMACS of Nye & Drasgow (2011),
# whose integral is taken numerically.
#
#   Rscript sem_after_fit.R path/to/hs1939.csv path/to/bfi.csv   writes sem_after_fit.json here
suppressWarnings(suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)}))

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript sem_after_fit.R path/to/hs1939.csv path/to/bfi.csv")
sha <- function(file) sub(" .*", "", system2("sha256sum", shQuote(file), stdout = TRUE))
hs <- read.csv(args[1]); bfi <- read.csv(args[2])

factors <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
second <- paste0(factors, "\ng =~ visual + textual + speed")
predicted <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nvisual ~ ageyr\ntextual ~ ageyr + visual"
labelled <- "visual =~ a*x1 + a*x2 + x3\ntextual =~ x4 + b*x5 + c*x6\nspeed =~ x7 + x8 + x9\nb == 2*c"
items <- c(paste0("A", 1:5), paste0("C", 1:5))
two <- "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
mixed <- "A =~ A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3"
whole <- na.omit(bfi[c(items, "gender")])

indices <- function(fit) {
  m <- modindices(fit)
  g <- if (is.null(m$group)) 1 else m$group
  list(param = paste0(m$lhs, m$op, m$rhs, ifelse(g > 1, paste0("|g", g), "")), mi = m$mi, epc = m$epc, sepc_lv = m$sepc.lv, sepc_all = m$sepc.all)
}
scores <- function(fit, method, n = 25) { s <- lavPredict(fit, method = method)[1:n, ]; list(cols = I(colnames(s)), values = unname(s)) }
tests <- function(fit) { t <- suppressWarnings(lavTestScore(fit)); list(total = t$test$X2, statistic = t$uni$X2) }
columns <- function(d) lapply(as.list(as.data.frame(unclass(d))), function(v) if (is.numeric(v)) v else as.character(v))
reliability_of <- function(fit) list(
  observed = columns(compRelSEM(fit, obs.var = TRUE, ord.scale = FALSE)), implied = columns(compRelSEM(fit, obs.var = FALSE, ord.scale = FALSE)),
  categorical_observed = columns(compRelSEM(fit, obs.var = TRUE)), categorical_implied = columns(compRelSEM(fit, obs.var = FALSE)),
  total_observed = columns(compRelSEM(fit, obs.var = TRUE, ord.scale = FALSE, return.total = TRUE)),
  total_implied = columns(compRelSEM(fit, obs.var = FALSE, ord.scale = FALSE, return.total = TRUE)),
  variance_observed = columns(AVE(fit, obs.var = TRUE)), variance_implied = columns(AVE(fit, obs.var = FALSE)))
vectors <- function(fit) { r <- reliability_of(fit); lapply(r, function(x) { if ("group" %in% names(x)) x else unlist(x, use.names = FALSE) }) }

htmt_base <- function(r, members) {
  r <- abs(r); within <- sapply(members, function(v) { b <- r[v, v]; mean(b[lower.tri(b)]) })
  outer(seq_along(members), seq_along(members), Vectorize(function(i, j) mean(r[members[[i]], members[[j]]]) / sqrt(within[i] * within[j])))
}

# dMACS, Nye & Drasgow (2011), Eq. 3: sqrt of the integral, over the focal group's normal
# distribution of the factor, of the squared difference of the expected answers, divided by
# SD = ((n_R - 1) sd_R + (n_F - 1) sd_F) / ((n_R - 1) + (n_F - 1))
integral <- function(f, mean, sd) integrate(function(x) f(x) * dnorm(x, mean, sd), mean - 12 * sd, mean + 12 * sd, rel.tol = 1e-12, subdivisions = 2000L)$value
dmacs <- function(reference, focal, mean, sd, pooled) {
  gap <- function(x) reference(x) - focal(x)
  c(dmacs = sqrt(integral(function(x) gap(x)^2, mean, sd)) / pooled, signed = -integral(gap, mean, sd) / pooled)
}
pooled_sd <- function(a, b) ((length(a) - 1) * sd(a) + (length(b) - 1) * sd(b)) / (length(a) + length(b) - 2)
continuous <- cfa(factors, hs, group = "school", group.equal = c("loadings", "intercepts"),
                  group.partial = c("x3~1", "x7~1", "visual=~x2"))
e <- lavInspect(continuous, "est"); labels <- names(e)
lines <- sapply(paste0("x", 1:9), function(v) {
  f <- which(e[[1]]$lambda[v, ] != 0)
  line <- function(g) function(x) e[[g]]$nu[v, 1] + e[[g]]$lambda[v, f] * x
  dmacs(line(1), line(2), e[[2]]$alpha[f, 1], sqrt(e[[2]]$psi[f, f]), pooled_sd(hs[hs$school == labels[1], v], hs[hs$school == labels[2], v]))
})
grouped <- cfa(two, whole, group = "gender", ordered = items, estimator = "WLSMV", std.lv = TRUE)
o <- lavInspect(grouped, "est"); who <- names(o)
curves <- sapply(items, function(v) {
  f <- which(o[[1]]$lambda[v, ] != 0)
  curve <- function(g) function(x) {
    tau <- o[[g]]$tau[grep(paste0("^", v, "\\|"), rownames(o[[g]]$tau)), 1]
    1 + rowSums(sapply(tau, function(t) pnorm((o[[g]]$lambda[v, f] * x - t) / sqrt(o[[g]]$theta[v, v]))))
  }
  dmacs(curve(1), curve(2), 0, 1, pooled_sd(whole[whole$gender == who[1], v], whole[whole$gender == who[2], v]))
})

plain <- cfa(factors, hs)
groups <- cfa(factors, hs, group = "school", group.equal = "loadings")
holes <- bfi[c("A2", "A3", "A4", "A5", "C1", "C2", "C3")]
some <- cfa(mixed, holes, std.lv = TRUE, ordered = c("A2", "A3", "C1", "C2", "C3"), missing = "pairwise", estimator = "WLSMV")
ordinal <- cfa(two, whole, ordered = items, estimator = "WLSMV", std.lv = TRUE)
members <- list(visual = paste0("x", 1:3), textual = paste0("x", 4:6), speed = paste0("x", 7:9))
r <- cor(hs[paste0("x", 1:9)])

out <- list(
  oracle = "sem_after_fit",
  packages = c(R.version.string, paste("lavaan", packageVersion("lavaan")), paste("semTools", packageVersion("semTools"))),
  r_call = c("lavaan::modindices(fit)", "lavaan::lavTestScore(fit)", "lavaan::lavPredict(fit, method =)", "semTools::compRelSEM(fit, obs.var =, ord.scale =, return.total =)", "semTools::AVE(fit)", "semTools::htmt(model, data)"),
  data = list(list(file = "hs1939.csv", sha256 = sha(args[1]), rows = nrow(hs)), list(file = "bfi.csv", sha256 = sha(args[2]), rows = nrow(bfi), complete = nrow(whole))),
  seed = NULL,
  models = list(factors = factors, second = second, predicted = predicted, labelled = labelled, two = two, mixed = mixed),
  result = list(
    indices = list(
      groups = indices(groups), second = indices(cfa(second, hs)), orthogonal = indices(cfa(factors, hs, orthogonal = TRUE)),
      predicted = indices(sem(predicted, hs)), wishart = indices(cfa(factors, hs, likelihood = "wishart")),
      grouped = indices(grouped), ordinal = indices(ordinal)),
    tests = list(labelled = tests(cfa(labelled, hs, std.lv = TRUE)), groups = tests(groups)),
    scores = list(
      second = scores(cfa(second, hs), "regression"),
      predicted = scores(sem(predicted, hs), "regression"), predicted_bartlett = scores(sem(predicted, hs), "Bartlett"),
      mixed = scores(some, "EBM", 60), ordinal = scores(ordinal, "EBM")),
    reliability = list(plain = vectors(plain), ordinal = vectors(ordinal), grouped = vectors(grouped),
                       second = list(higher_observed = unlist(compRelSEM(cfa(second, hs), higher = "g")), higher_implied = unlist(compRelSEM(cfa(second, hs), higher = "g", obs.var = FALSE)))),
    htmt = list(base = htmt_base(r, members), semtools = unname(as.matrix(unclass(htmt(factors, hs, htmt2 = FALSE)))), htmt2 = unname(as.matrix(unclass(htmt(factors, hs))))),
    dmacs = list(continuous = list(item = colnames(lines), dmacs = unname(lines[1, ]), signed = unname(lines[2, ])),
                 ordinal = list(item = colnames(curves), dmacs = unname(curves[1, ]), signed = unname(curves[2, ])))))
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", pretty = TRUE), "sem_after_fit.json")
