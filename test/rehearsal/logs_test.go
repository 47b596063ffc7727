package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLogsHaveNoSecrets(t *testing.T) {
	for line, leaks := range map[string]bool{
		`{"level":"INFO","msg":"serving","address":"[::]:43211","program":"alpha"}`: false,
		`{"level":"ERROR","msg":"request failed","error":"get item from Data-AlphaTable9725E9C8: the table is busy or out of ` +
			`reach","status":503,"route":"GET /api/alpha/{id}"}`: false,
		`{"msg":"request failed","key":"AKIAIOSFODNN7EXAMPLE"}`:    true,
		`{"msg":"-----BEGIN EC PRIVATE KEY-----"}`:                 true,
		`{"msg":"connect","password":"correcthorse"}`:              true,
		`{"header":"Authorization: QWxhZGRpbjpvcGVu"}`:             true,
		`{"msg":"request failed","body":"{\"name\":\"Item 12\"}"}`: true,
		`{"error":"put item-12 into Data-AlphaTable9725E9C8"}`:     true,
		`{"error":"put group-12 into Data-BetaTable9725E9C8"}`:     false, // no secret field
	} {
		l := newLogs(fixtureKinds(t))
		l.read(line)
		found := l.report()
		assert.Equal(t, 1, found.Lines, line)
		if leaks {
			assert.Len(t, found.Unexplained, 1, line)
		} else {
			assert.Empty(t, found.Unexplained, line)
		}
	}
}

func TestLogsWithoutSecretFields(t *testing.T) {
	l := newLogs(nil)
	l.read("put item-12")
	assert.Empty(t, l.report().Unexplained)
}
