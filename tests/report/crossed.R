# The same model in lme4, for comparison: Rscript crossed.R CELLS.tsv, prints one "name value" a line.
suppressPackageStartupMessages(library(lme4))
cells <- read.delim(commandArgs(trailingOnly = TRUE)[1])
cells$t <- ifelse(cells$trust == "low", 0.5, -0.5)
cells$h <- cells$level - 0.5
cells$pair <- interaction(cells$participant, cells$clinician)
fit <- lmer(
  mean ~ t + h + (1 | participant) + (0 + t | participant) + (0 + h | participant) +
    (1 | pair) + (1 | clinician) + (0 + t | clinician),
  data = cells, weights = n, REML = TRUE,
  control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5))
)
say <- function(name, value) cat(name, format(value, digits = 12), "\n")
say("estimate", fixef(fit)[["t"]])
say("se", sqrt(diag(as.matrix(vcov(fit))))[2])
say("intercept", fixef(fit)[["(Intercept)"]])
say("temperature", fixef(fit)[["h"]])
say("deviance", REMLcrit(fit))
say("residual", sigma(fit)^2)
sds <- as.data.frame(VarCorr(fit))
for (i in seq_len(nrow(sds))) {
  if (sds$grp[i] != "Residual") {
    say(paste0(sub("\\.[0-9]+$", "", sds$grp[i]), ":", sds$var1[i]), sds$vcov[i])
  }
}
if (requireNamespace("pbkrtest", quietly = TRUE)) {
  say("df", pbkrtest::Lb_ddf(c(0, 1, 0), vcov(fit), pbkrtest::vcovAdj(fit)))
}
