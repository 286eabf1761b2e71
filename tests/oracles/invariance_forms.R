# Measurement invariance over groups and over partners (repeated measures whose
# residuals covary): continuous and ordinal items, complete and missing answers
# partial invariance, and effect sizes (dMACS) by their formula.
#
# Partners are made up from Holzinger and Swineford's pupils: partner h of
# couple i (1 to 150) is pupil i; partner w has half of h's answers plus those
# of pupil i + 150, and 0.4 more on x2. With missing partners, couples 141 to
# 150 lack w. Ordinal answers are 1 plus the number of cuts that lie below the
# answer: mean - 0.9 sd, mean, mean + 0.9 sd, with mean and sd of the item (of
# each partner by itself, of both schools together) rounded to one decimal.
#
#   Rscript invariance_forms.R path/to/hs1939.csv path/to/hs1939_missing.csv
#   writes invariance_forms.json here
suppressPackageStartupMessages({library(lavaan); library(semTools); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript invariance_forms.R path/to/hs1939.csv path/to/hs1939_missing.csv")
sha <- function(file) sub(" .*", "", system2("sha256sum", shQuote(file), stdout = TRUE))
hs <- read.csv(args[1])
holes <- read.csv(args[2])
items <- c("x1", "x2", "x3", "x7", "x8", "x9")
three <- "visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9"
two <- "visual =~ x1 + x2 + x3
speed =~ x7 + x8 + x9"
steps <- list(configural = character(), metric = "loadings", scalar = c("loadings", "intercepts"),
              strict = c("loadings", "intercepts", "residuals"))
ordinal_steps <- list(configural = "", thresholds = "thresholds", metric = c("thresholds", "loadings"),
                      scalar = c("thresholds", "loadings", "intercepts"),
                      strict = c("thresholds", "loadings", "intercepts", "residuals"))

h <- hs[1:150, items]
w <- 0.5 * h + hs[151:300, items]
w$x2 <- w$x2 + 0.4
cut_at <- function(x) { m <- round(mean(x), 1); s <- round(sd(x), 1); c(m - 0.9 * s, m, m + 0.9 * s) }
category <- function(x, cut) 1 + (x > cut[1]) + (x > cut[2]) + (x > cut[3])
side <- function(a, b) cbind(setNames(a, paste0(items, "_h")), setNames(b, paste0(items, "_w")))
couples <- side(h, w)
couples_missing <- couples
couples_missing[141:150, paste0(items, "_w")] <- NA
as_categories <- function(d) as.data.frame(lapply(d[items], function(x) category(x, cut_at(x))))
couples_ordinal <- side(as_categories(h), as_categories(w))
pupils_ordinal <- cbind(as_categories(hs), school = hs$school)

table_of <- function(fit) {
  p <- parameterEstimates(fit, remove.system.eq = TRUE)
  p <- p[p$op %in% c("=~", "~~", "~1", "|", "~*~"), ]
  if (is.null(p$group)) p$group <- 1
  list(param = paste0(p$lhs, p$op, p$rhs), group = p$group, est = p$est, se = p$se)
}
chosen <- c("npar", "chisq", "df", "cfi", "rmsea", "srmr", "chisq.scaled", "cfi.scaled", "rmsea.scaled", "cfi.robust",
            "rmsea.robust")
measures <- function(fit) { f <- fitMeasures(fit); as.list(f[intersect(chosen, names(f))]) }
# names(fits) are used by lavTestLRT as arguments, so the fits go in without
ladder <- function(fits) {
  t <- do.call("lavTestLRT", unname(fits))
  list(chisq_diff = t$`Chisq diff`, df_diff = t$`Df diff`, p_diff = t$`Pr(>Chisq)`)
}
pack <- function(fits) list(levels = lapply(fits, function(f) list(estimates = table_of(f), measures = measures(f))),
                            lrt = ladder(fits))

groups <- function(data, ...) lapply(steps, function(s)
  cfa(three, data, group = "school", std.lv = TRUE, group.equal = if (length(s)) s else "", ...))

occasions <- "visual_h =~ x1_h + x2_h + x3_h
speed_h =~ x7_h + x8_h + x9_h
visual_w =~ x1_w + x2_w + x3_w
speed_w =~ x7_w + x8_w + x9_w"
factors_of <- list(visual = c("visual_h", "visual_w"), speed = c("speed_h", "speed_w"))
items_of <- lapply(setNames(items, items), function(i) paste0(i, c("_h", "_w")))
repeated <- function(data, partial = "", ...) lapply(steps, function(s) {
  text <- as.character(measEq.syntax(configural.model = occasions, data = data, ID.fac = "std.lv",
                                     longFacNames = factors_of, longIndNames = items_of, auto = "all",
                                     long.equal = if (length(s)) s else "", long.partial = partial))
  cfa(text, data, ...)
})
ordered_model <- function(step, parameterization, partners) {
  data <- if (partners) couples_ordinal else pupils_ordinal
  names <- if (partners) unlist(items_of, use.names = FALSE) else items
  common <- list(data = data, ordered = names, parameterization = parameterization, ID.fac = "std.lv",
                 ID.cat = "Wu.Estabrook.2016")
  more <- if (partners) list(configural.model = occasions, longFacNames = factors_of, longIndNames = items_of,
                             auto = "all", long.equal = ordinal_steps[[step]])
          else list(configural.model = two, group = "school", group.equal = ordinal_steps[[step]])
  text <- as.character(do.call("measEq.syntax", c(common, more)))
  rest <- if (partners) list() else list(group = "school")
  do.call("cfa", c(list(text, data = data, ordered = names, parameterization = parameterization, estimator = "WLSMV"),
                      rest))
}
ordinal_ladder <- function(partners) {
  fits <- lapply(setNames(nm = names(ordinal_steps)), function(s)
    ordered_model(s, if (s == "strict") "theta" else "delta", partners))
  in_theta <- list(ordered_model("scalar", "theta", partners), fits$strict)
  last <- ladder(in_theta)
  first <- ladder(fits[1:4])
  list(levels = lapply(fits, function(f) list(estimates = table_of(f), measures = measures(f))),
       lrt = lapply(setNames(nm = names(first)), function(n) c(first[[n]], last[[n]][2])))
}

# dMACS (Nye & Drasgow 2011) with the configural parameters, the factors of both
# schools moved and stretched to their means and variances of the scalar model
dmacs <- function(configural, scalar) {
  e <- lavInspect(configural, "est"); s <- lavInspect(scalar, "est"); data <- hs
  n <- lavInspect(configural, "nobs")
  one <- function(item) {
    factor <- names(which(e[[1]]$lambda[item, ] != 0))
    side <- lapply(1:2, function(g) {
      stretch <- sqrt(s[[g]]$psi[factor, factor] / e[[g]]$psi[factor, factor])
      slope <- e[[g]]$lambda[item, factor] / stretch
      list(slope = slope, intercept = e[[g]]$nu[item, 1] + e[[g]]$lambda[item, factor] * e[[g]]$alpha[factor, 1] -
             slope * s[[g]]$alpha[factor, 1])
    })
    sds <- tapply(data[[item]], factor(data$school, lavInspect(configural, "group.label")), sd)
    pooled <- sum((n - 1) * sds) / (sum(n) - 2)
    density <- function(x) dnorm(x, s[[2]]$alpha[factor, 1], sqrt(s[[2]]$psi[factor, factor]))
    gap <- function(x) (side[[2]]$intercept - side[[1]]$intercept) + (side[[2]]$slope - side[[1]]$slope) * x
    mean_of <- function(f) integrate(function(x) f(x) * density(x), -Inf, Inf, rel.tol = 1e-12)$value
    c(dmacs = sqrt(mean_of(function(x) gap(x)^2)) / pooled, signed = mean_of(gap) / pooled)
  }
  as.list(as.data.frame(t(sapply(paste0("x", 1:9), one))))
}

plain <- groups(hs)
free <- c("x3~1", "x7~1")
result <- list(
  groups_ml = pack(plain),
  groups_partial = pack(groups(hs, group.partial = free)),
  groups_fiml_mlr = pack(groups(holes, estimator = "MLR", missing = "fiml", em.h1.iter.max = 20000, em.h1.tol = 1e-13)),
  groups_ordinal = ordinal_ladder(FALSE),
  partners_ml = pack(repeated(couples)),
  partners_mlr = pack(repeated(couples, estimator = "MLR")),
  partners_fiml_mlr = pack(repeated(couples_missing, estimator = "MLR", missing = "fiml", em.h1.iter.max = 20000,
                                    em.h1.tol = 1e-13)),
  partners_ordinal = ordinal_ladder(TRUE),
  dmacs = dmacs(plain$configural, plain$scalar)
)
header <- list(
  script = "invariance_forms.R", r = R.version.string,
  packages = list(lavaan = as.character(packageVersion("lavaan")), semTools = as.character(packageVersion("semTools"))),
  seed = NA, data = list(`hs1939.csv` = sha(args[1]), `hs1939_missing.csv` = sha(args[2])))
writeLines(toJSON(c(header, list(partial = free, result = result)), digits = NA, auto_unbox = TRUE, pretty = TRUE,
                  na = "null", null = "null"), "invariance_forms.json")
