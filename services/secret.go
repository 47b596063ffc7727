package services

import (
	"regexp"
	"strings"
)

// secretNames are names of variables that hold a secret.
var secretNames = regexp.MustCompile(`(?i)secret|password|passwd|token|credential|private_?key|access_?key|api_?key`)

// secretValues are values that are a secret, or carry one: a URL with a password, a
// private key, and the tokens that say what they are.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
// https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
// https://docs.slack.dev/authentication/tokens
// https://docs.stripe.com/keys
// https://www.rfc-editor.org/rfc/rfc7519#section-3
var secretValues = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:[^/\s@]+@` +
	`|-----BEGIN [A-Z ]*PRIVATE KEY-----` +
	`|\b(AKIA|ASIA)[A-Z2-7]{16}\b` +
	`|\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,})` +
	`|\bglpat-[A-Za-z0-9_-]{20}` +
	`|\bxox[abeprs]-[A-Za-z0-9-]{10,}` +
	`|\b[rs]k_(live|test)_[A-Za-z0-9]{16,}` +
	`|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`)

// IsSecret reports whether an environment variable looks like a secret, by its name
// or by its value. In a template it can be read by everyone who may describe a task.
func IsSecret(name, value string) bool {
	return secretNames.MatchString(name) && !fromCatalog(name, value) || secretValues.MatchString(value)
}

// fromCatalog reports whether a variable is the name of a service's table or the URL of a
// connection. Both have the name of a service, which may be a word such as "tokens".
func fromCatalog(name, value string) bool {
	program, url := strings.CutPrefix(value, URL(""))
	return strings.HasSuffix(name, TableVariable("")) || url && name == URLVariable(program)
}
