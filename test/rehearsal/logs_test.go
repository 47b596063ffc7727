package main

import "testing"

func TestLogsHaveNoSecrets(t *testing.T) {
	for line, leaks := range map[string]bool{
		`{"level":"INFO","msg":"serving","address":"[::]:43211","program":"users"}`:                                                                                              false,
		`{"level":"ERROR","msg":"request failed","error":"get item from Data-UsersTable9725E9C8: the table is busy or out of reach","status":503,"route":"GET /api/users/{id}"}`: false,
		`{"msg":"request failed","key":"AKIAIOSFODNN7EXAMPLE"}`:                                                                                                                  true,
		`{"msg":"-----BEGIN EC PRIVATE KEY-----"}`:                                                                                                                               true,
		`{"msg":"connect","password":"correcthorse"}`:                                                                                                                            true,
		`{"header":"Authorization: QWxhZGRpbjpvcGVu"}`:                                                                                                                           true,
		`{"msg":"request failed","body":"{\"name\":\"Visitor 12\"}"}`:                                                                                                            true,
		`{"error":"put visitor-12 into Data-UsersTable9725E9C8"}`:                                                                                                                true,
	} {
		var l logs
		l.read(line)
		if found := l.report(); found.Lines != 1 || (len(found.Unexplained) > 0) != leaks {
			t.Errorf("%s: %q, want a leak: %v", line, found.Unexplained, leaks)
		}
	}
}
