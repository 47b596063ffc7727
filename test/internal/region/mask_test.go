package region

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestMask(t *testing.T) {
	mask := Values{
		"":       {"DATABASE_HOST": "db.example.com", "DEBUG": "on", "EMPTY": "", "BLANK": "  "},
		"orders": {"PASSWORD": `p@ss"w<rd`, "TOKEN": "db.example.com/token", "PIN": "abc", "KEY": "abc-def"},
	}.Mask()
	for text, want := range map[string]string{
		"connects to db.example.com:5432":                        "connects to ***:5432",
		"asks db.example.com/token":                              "asks ***",
		`password p@ss"w<rd is wrong`:                            "password *** is wrong",
		`{"password":"p@ss\"w<rd"}`:                              `{"password":"***"}`,
		`{"password":"p@ss\"w\u003crd"}`:                         `{"password":"***"}`,
		"postgres://shop:p%40ss%22w%3Crd@localhost/":             "postgres://shop:***@localhost/",
		"connects, one connection on port 1, in abcdef, abc-def": "connects, one connection *** port 1, in abcdef, ***",
		"abc":               "***",
		"nothing of  it":    "nothing of  it",
		"p@ss, example.com": "p@ss, example.com",
	} {
		assert.Equal(t, want, mask(text))
	}
	assert.Equal(t, "text", Values(nil).Mask()("text"))
}

// However a program writes a value, nothing of it is left.
func TestMaskLeavesNoValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[ -)+-~äß]{4,12}`).Filter(func(s string) bool { return strings.TrimSpace(s) != "" }).Draw(t, "value")
		inJSON, _ := json.Marshal(value)
		mask := Values{"orders": {"SECRET": value}}.Mask()
		for _, written := range []string{
			value, string(inJSON), fmt.Sprintf("%q", value), url.QueryEscape(value), url.PathEscape(value),
			(&url.URL{Scheme: "postgres", User: url.UserPassword("shop", value), Host: "localhost"}).String(),
		} {
			assert.Equal(t, 1, strings.Count(mask(written), "***"), written)
			assert.NotContains(t, mask(written), value)
		}
	})
}
