# Polychoric, tetrachoric, polyserial and Pearson correlations of BFI items, their
# standard errors and the asymptotic covariance of thresholds and correlations.
# lavaan::lavCor gives the estimates, their standard errors and the covariance
# ("gamma") for independent people. The same covariance, and what lavaan does not
# give, is computed in base R by M-estimation: casewise scores psi of thresholds,
# means, variances and correlations, B^-1 crossprod(psi) B^-T, with
#   outer:    B of the outer products of the scores, block by block, as lavaan
#   observed: B the numerical derivative of the summed scores (the sandwich)
# each for people as independent and for couples (rows 2i - 1 and 2i of the first
# 600 rows are couple i: an invented grouping). The script stops if base R with
# outer products and lavaan disagree. (On all rows lavaan 0.6-14 stops short of the
# maximum for age and C1 > 4, at r = .1474 in place of .1427, where the score is 0: so
# variables of both kinds are compared on the first 600 rows, where it does not.)
#
#   Rscript polychoric_bfi.R path/to/bfi.csv   writes polychoric_bfi.json here
suppressPackageStartupMessages({library(lavaan); library(polycor); library(psych); library(jsonlite)})

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 1) stop("usage: Rscript polychoric_bfi.R path/to/bfi.csv")
bfi <- read.csv(args[1])
sha <- sub(" .*", "", system2("sha256sum", shQuote(args[1]), stdout = TRUE))
all25 <- names(bfi)[1:25]
six <- c("A1", "A2", "C1", "E1", "N1", "O1")
numbers <- function(m) unname(as.matrix(unclass(m)))
quiet <- function(call) suppressWarnings(call)

# ---- lavaan -----------------------------------------------------------------
lav <- function(x, ordered, missing = "listwise", gamma = FALSE) {
  fit <- quiet(lavCor(x, ordered = ordered, missing = missing, output = "fit", se = "robust.sem"))
  s <- lavInspect(fit, "sampstat")
  G <- lavInspect(fit, "gamma")
  n <- lavInspect(fit, "nobs")
  mean <- s$mean[setdiff(names(x), ordered)]
  out <- list(items = names(x), ordered = ordered, missing = missing, n = n, cov = numbers(s$cov),
              mean = as.list(mean), thresholds = as.list(s$th), parameters = rownames(G),
              se = sqrt(diag(G) / n))
  out$se <- unname(out$se)
  if (gamma) out$gamma <- numbers(G)
  out
}
pick <- function(items) bfi[items]
mixed_data <- data.frame(A1 = bfi$A1, age = bfi$age, C1 = bfi$C1 > 4, neuro = rowMeans(bfi[paste0("N", 1:5)]),
                         E1 = pmin(bfi$E1, 4))
mixed_data$C1 <- mixed_data$C1 * 1
mixed_ordered <- c("A1", "C1", "E1")

# ---- M-estimation in base R -------------------------------------------------
Phi2 <- function(h, k, r) {
  known <- !is.na(h) & !is.na(k)
  p <- rep(NA_real_, length(h))
  p[known] <- pbivnorm::pbivnorm(pmin(pmax(h[known], -40), 40), pmin(pmax(k[known], -40), 40), r)
  ifelse(h == -Inf | k == -Inf, 0, p)
}
phi2 <- function(h, k, r) {
  d <- exp(-(h^2 - 2 * r * h * k + k^2) / (2 * (1 - r^2))) / (2 * pi * sqrt(1 - r^2))
  ifelse(is.finite(h) & is.finite(k), d, 0)
}
cuts <- function(tau) c(-Inf, tau, Inf)
# log likelihood of each row for a pair, as a function of both variables' own parameters and rho
loglik <- function(x, y, px, py, r, ox, oy) {
  if (ox && oy) {
    a <- cuts(px); b <- cuts(py)
    return(log(Phi2(a[x + 1], b[y + 1], r) - Phi2(a[x], b[y + 1], r) - Phi2(a[x + 1], b[y], r) + Phi2(a[x], b[y], r)))
  }
  if (ox) return(loglik(y, x, py, px, r, FALSE, TRUE))
  z <- (x - px[1]) / sqrt(px[2])
  if (oy) {
    b <- cuts(py); s <- sqrt(1 - r^2)
    return(dnorm(z, log = TRUE) - log(px[2]) / 2 + log(pnorm((b[y + 1] - r * z) / s) - pnorm((b[y] - r * z) / s)))
  }
  w <- (y - py[1]) / sqrt(py[2])
  -log(2 * pi) - log(px[2] * py[2] * (1 - r^2)) / 2 - (z^2 - 2 * r * z * w + w^2) / (2 * (1 - r^2))
}
score_rho <- function(x, y, px, py, r, ox, oy) {
  if (ox && oy) {
    a <- cuts(px); b <- cuts(py)
    d <- phi2(a[x + 1], b[y + 1], r) - phi2(a[x], b[y + 1], r) - phi2(a[x + 1], b[y], r) + phi2(a[x], b[y], r)
    return(d / exp(loglik(x, y, px, py, r, TRUE, TRUE)))
  }
  if (ox) return(score_rho(y, x, py, px, r, FALSE, TRUE))
  z <- (x - px[1]) / sqrt(px[2])
  if (oy) {
    b <- cuts(py); s <- sqrt(1 - r^2)
    up <- (b[y + 1] - r * z) / s; lo <- (b[y] - r * z) / s
    f <- function(u, t) ifelse(is.finite(t), dnorm(u) * (t * r - z) / s^3, 0)
    return((f(up, b[y + 1]) - f(lo, b[y])) / (pnorm(up) - pnorm(lo)))
  }
  w <- (y - py[1]) / sqrt(py[2])
  (r * (1 - r^2) + (1 + r^2) * z * w - r * (z^2 + w^2)) / (1 - r^2)^2
}
score_own <- function(x, p, o) {
  if (!o) return(cbind((x - p[1]) / p[2], ((x - p[1])^2 / p[2] - 1) / (2 * p[2])))
  pr <- diff(pnorm(cuts(p)))
  sapply(seq_along(p), function(m) dnorm(p[m]) * ((x == m) / pr[m] - (x == m + 1) / pr[m + 1]))
}
blank <- function(S) { S[is.na(S)] <- 0; S }

m_estimation <- function(data, ordered, g) {
  k <- ncol(data); o <- names(data) %in% ordered
  X <- lapply(seq_len(k), function(j) if (o[j]) as.integer(factor(data[[j]])) else data[[j]])
  own <- lapply(seq_len(k), function(j) {
    v <- X[[j]][!is.na(X[[j]])]
    if (o[j]) qnorm(head(cumsum(table(v)), -1) / length(v)) else c(mean(v), mean((v - mean(v))^2))
  })
  at <- split(seq_along(unlist(own)), rep(seq_len(k), lengths(own)))
  pairs <- which(lower.tri(diag(k)), arr.ind = TRUE)                    # down the columns
  on <- function(i, j) !is.na(X[[i]]) & !is.na(X[[j]])
  rho <- apply(pairs, 1, function(p) {
    i <- p[2]; j <- p[1]; w <- on(i, j)
    f <- function(r) sum(score_rho(X[[i]][w], X[[j]][w], own[[i]], own[[j]], r, o[i], o[j]))
    uniroot(f, c(-.95, .95), tol = 1e-14)$root
  })
  n1 <- length(unlist(own)); q <- n1 + nrow(pairs)
  psi <- function(theta) {
    P <- lapply(at, function(a) theta[a])
    S1 <- do.call(cbind, lapply(seq_len(k), function(j) score_own(X[[j]], P[[j]], o[j])))
    S2 <- sapply(seq_len(nrow(pairs)), function(m) {
      i <- pairs[m, 2]; j <- pairs[m, 1]
      score_rho(X[[i]], X[[j]], P[[i]], P[[j]], theta[n1 + m], o[i], o[j])
    })
    blank(cbind(S1, S2))
  }
  theta <- c(unlist(own), rho)
  S <- psi(theta)
  observed <- -numDeriv::jacobian(function(t) colSums(psi(t)), theta)
  outer <- matrix(0, q, q)
  for (a in at) outer[a, a] <- crossprod(S[, a])
  for (m in seq_len(nrow(pairs))) {
    i <- pairs[m, 2]; j <- pairs[m, 1]; w <- on(i, j)
    r <- theta[n1 + m]
    D <- numDeriv::jacobian(function(t) loglik(X[[i]][w], X[[j]][w], t[seq_along(at[[i]])],
                                               t[-seq_along(at[[i]])], r, o[i], o[j]),
                            theta[c(at[[i]], at[[j]])])
    outer[n1 + m, c(at[[i]], at[[j]])] <- crossprod(D, S[w, n1 + m])
    outer[n1 + m, n1 + m] <- sum(S[w, n1 + m]^2)
  }
  # from (own parameters, correlations) to lavaan's order: thresholds and minus means,
  # variances, covariances
  first <- unlist(lapply(seq_len(k), function(j) if (o[j]) at[[j]] else at[[j]][1]))
  minus <- unlist(lapply(seq_len(k), function(j) if (o[j]) rep(1, length(at[[j]])) else -1))
  variances <- unlist(lapply(seq_len(k), function(j) if (o[j]) NULL else at[[j]][2]))
  to_lavaan <- function(theta) {
    v <- sapply(seq_len(k), function(j) if (o[j]) 1 else theta[at[[j]][2]])
    c(minus * theta[first], theta[variances], theta[-seq_len(n1)] * sqrt(v[pairs[, 1]] * v[pairs[, 2]]))
  }
  J <- numDeriv::jacobian(to_lavaan, theta)
  n <- sum(rowSums(!is.na(data)) > 0)
  U <- rowsum(S, g); G <- nrow(U)
  sandwich <- function(B) {
    I <- solve(B)
    meat <- function(M) n * J %*% I %*% M %*% t(I) %*% t(J)
    r <- seq_len(q) > n1
    list(gamma = meat(crossprod(S)), gamma_clustered = G / (G - 1) * meat(crossprod(U)),
         se_r = sqrt(diag(I %*% crossprod(S) %*% t(I)))[r],
         se_r_clustered = sqrt(G / (G - 1) * diag(I %*% crossprod(U) %*% t(I)))[r])
  }
  list(items = names(data), ordered = names(data)[o], n = n, n_clusters = G, estimates = to_lavaan(theta),
       r = rho, outer = sandwich(outer), observed = sandwich(observed))
}
agreeing <- function(own, lavaan) {
  difference <- max(abs(own$outer$gamma - lavaan$gamma) / sqrt(outer(diag(lavaan$gamma), diag(lavaan$gamma))))
  cat("gamma, base R against lavaan:", difference, "\n")
  stopifnot(difference < 1e-5)
  own
}
couple <- rep(1:300, each = 2)
m_cases <- list()
for (missing in c("listwise", "pairwise")) for (kind in c("ordinal", "mixed")) {
  data <- if (kind == "ordinal") pick(c("A1", "A2", "C1"))[1:600, ] else mixed_data[1:600, ]
  data[seq(7, 600, 31), 1] <- NA; data[seq(5, 600, 23), 3] <- NA; data[seq(5, 600, 46), 2] <- NA
  ordered <- if (kind == "ordinal") names(data) else mixed_ordered
  kept <- if (missing == "listwise") complete.cases(data) else rep(TRUE, 600)
  own <- m_estimation(data[kept, ], ordered, couple[kept])
  m_cases[[paste(kind, missing, sep = "_")]] <- agreeing(own, lav(data[kept, ], ordered, missing, gamma = TRUE))
}

# ---- polycor: two-step estimate, and the test of bivariate normality --------
of_pair <- function(x, y) {
  d <- na.omit(bfi[c(x, y)])
  p <- polychor(d[[x]], d[[y]], ML = FALSE, std.err = TRUE)
  # the same chi-square to more digits than polycor's
  t <- table(d[[x]], d[[y]]); a <- cuts(qnorm(cumsum(rowSums(t))[-nrow(t)] / sum(t)))
  b <- cuts(qnorm(cumsum(colSums(t))[-ncol(t)] / sum(t)))
  cell <- function(r) matrix(exp(loglik(rep(seq_len(nrow(t)), ncol(t)), rep(seq_len(ncol(t)), each = nrow(t)),
                                        a[is.finite(a)], b[is.finite(b)], r, TRUE, TRUE)), nrow(t))
  r <- optimize(function(r) sum(t * log(cell(r))), c(-.99, .99), maximum = TRUE, tol = 1e-10)$maximum
  g2 <- 2 * sum(ifelse(t > 0, t * log(t / sum(t) / cell(r)), 0))
  stopifnot(abs(g2 - p$chisq) < 1e-3)
  list(x = x, y = y, n = nrow(d), rho = p$rho, se = sqrt(p$var[1, 1]), chisq = p$chisq, df = p$df, g2 = g2)
}

# ---- empty cells ------------------------------------------------------------
tables <- list(list(c(40, 0), c(25, 35)), list(c(0, 30), c(25, 45)), list(c(12, 8), c(0, 30)),
               list(c(20, 5, 0), c(10, 30, 12), c(1, 8, 40)), list(c(9, 0, 3, 1), c(6, 11, 0, 9)))
with_empty_cells <- function(rows) {
  t <- do.call(rbind, rows)
  d <- expand.grid(b = seq_len(ncol(t)), a = seq_len(nrow(t)))
  d <- d[rep(seq_len(nrow(d)), as.vector(t(t))), ]
  r <- function(add) quiet(lavCor(d, ordered = c("a", "b"), output = "cor", zero.add = c(add, add)))[1, 2]
  square <- all(dim(t) == 2)
  # lavaan stops at its bound .999 where the maximum is near: in a 2 x 2 table with the margins kept, the
  # correlation is the one at which the first cell has the share that was given to it
  exact <- function(add) {
    first <- t[1, 1] + if (t[1, 1] == 0 || t[2, 2] == 0) add else -add
    h <- qnorm(rowSums(t)[1] / sum(t)); k <- qnorm(colSums(t)[1] / sum(t))
    uniroot(function(r) pbivnorm::pbivnorm(h, k, r) - first / sum(t), c(-.9999, .9999), tol = 1e-14)$root
  }
  r <- list(r_0 = if (square) NULL else r(0), r_0.1 = r(.1), r_0.5 = r(.5))
  for (add in c(.1, .5)) if (square) {
    name <- paste0("r_", add)
    if (abs(r[[name]]) >= .999) r[[name]] <- exact(add)
    stopifnot(abs(r[[name]] - exact(add)) < 1e-5)
  }
  c(list(table = t), r)
}

# ---- smoothing --------------------------------------------------------------
improper <- matrix(c(1, .9, -.6, .2, .9, 1, .3, .4, -.6, .3, 1, .1, .2, .4, .1, 1), 4)

out <- list(
  oracle = "polychoric_bfi",
  packages = I(c(R.version.string, sapply(c("lavaan", "polycor", "psych", "pbivnorm", "numDeriv"), function(p)
    paste(p, packageVersion(p)), USE.NAMES = FALSE))),
  r_call = I(c("lavaan::lavCor(x, ordered =, missing =, output = \"fit\", se = \"robust.sem\"); lavInspect(fit, \"gamma\")",
               "base R: casewise scores, B^-1 crossprod(psi) B^-T",
               "polycor::polychor(x, y, ML = FALSE, std.err = TRUE)",
               "lavaan::lavCor(x, ordered =, zero.add = c(a, a))", "psych::cor.smooth(x)")),
  data = list(file = basename(args[1]), sha256 = sha, rows = nrow(bfi)),
  seed = NULL,
  note = I(c("se are sqrt(diag(gamma)/n), in the order of parameters: thresholds and minus means, variances, (co)variances below the diagonal down the columns",
             "mixed: A1, age, C1 > 4, mean of N1 to N5 (all answered), pmin(E1, 4)",
             "m_estimation: first 600 rows, with answers blanked in rows 7, 38, ... of the first, 5, 51, ... of the second and 5, 28, ... of the third variable; rows 2i - 1 and 2i are couple i; clustered: G/(G - 1)",
             "polycor's se is that of rho with thresholds known: not the two-step one",
             "polycor's two-step estimate stops at about 1e-5")),
  result = list(
    lavcor = list(
      complete25 = lav(na.omit(pick(all25)), all25), pairwise25 = lav(pick(all25), all25, "pairwise"),
      complete6 = lav(na.omit(pick(six)), six, gamma = TRUE), pairwise6 = lav(pick(six), six, "pairwise", TRUE),
      binary6 = lav(as.data.frame((na.omit(pick(six)) > 3) * 1), six, gamma = TRUE)),
    m_estimation = m_cases,
    polycor = list(of_pair("A1", "A2"), of_pair("N1", "N2"), of_pair("O1", "E5"), of_pair("A1", "education")),
    empty_cells = lapply(tables, with_empty_cells),
    smooth = list(matrix = improper, smoothed = numbers(quiet(cor.smooth(improper))))))
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null", matrix = "rowmajor"),
           "polychoric_bfi.json")
