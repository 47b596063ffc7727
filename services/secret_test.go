package services

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsSecret(t *testing.T) {
	word := strings.Repeat("a1B2", 9)
	for _, variable := range [][2]string{
		{"DB_PASSWORD", "x"},
		{"API_KEY", "x"},
		{"DATABASE_URL", "postgres://app:hunter2@db.internal:5432/app"},
		{"CACHE", "redis://:hunter2@cache:6379"},
		{"KEY", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"},
		{"AWS", "AKIAIOSFODNN7EXAMPLE"},
		{"GIT", "ghp_" + word},
		{"GIT", "github_pat_" + word},
		{"CHAT", "xoxb-123456789012-abcdef"},
		{"PAY", "sk_live_" + word},
		{"TOKENS_URL", "http://other"},
		{"TOKENS_URL", "https://tokens"},
		{"TOKENS_TABLE_KEY", "x"},
		{"TOKENS_TABLE", "AKIAIOSFODNN7EXAMPLE"},
		{"JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP"},
	} {
		assert.True(t, IsSecret(variable[0], variable[1]), "%s=%s", variable[0], variable[1])
	}
	for _, variable := range [][2]string{
		{"LOG_LEVEL", "debug"},
		{"DATABASE_URL", "postgres://db.internal:5432/app"},
		{"DATABASE_URL", "postgres://app@db.internal:5432/app"},
		{"URL", "https://example.com/a:b@c"},
		{"MAIL", "oncall@example.com"},
		{"IMAGE", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1.4"},
		{"COMMIT", word},
		{"TOKENS_TABLE", "shop-dev-tokens"},
		{"API_KEYS_URL", "http://api-keys"},
	} {
		assert.False(t, IsSecret(variable[0], variable[1]), "%s=%s", variable[0], variable[1])
	}
}
