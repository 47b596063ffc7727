package parity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func answer(status int, body string, headers ...string) Answer {
	a := Answer{Status: status, Header: http.Header{}, Body: []byte(body)}
	for i := 0; i < len(headers); i += 2 {
		a.Header.Add(headers[i], headers[i+1])
	}
	return a
}

func places(all []Difference) []string {
	var texts []string
	for _, d := range all {
		texts = append(texts, d.Place)
	}
	return texts
}

func TestDifferences(t *testing.T) {
	for name, test := range map[string]struct {
		one, other Answer
		want       []string
	}{
		"the same":        {answer(200, "a", "Link", "x"), answer(200, "a", "Link", "x"), nil},
		"status":          {answer(200, ""), answer(404, ""), []string{"status: 200 and 404"}},
		"header":          {answer(200, "", "Link", "x"), answer(200, ""), []string{`Link: "x" and nothing`}},
		"another header":  {answer(200, ""), answer(200, "", "Etag", "x"), []string{`Etag: nothing and "x"`}},
		"redirect":        {answer(302, "", "Location", "/a"), answer(302, "", "Location", "/b"), []string{`Location: "/a" and "/b"`}},
		"its own headers": {answer(200, "", "Date", "1", "Age", "1"), answer(200, "", "Date", "2"), nil},
		"length of none":  {answer(200, "", "Content-Length", "1"), answer(200, ""), []string{`Content-Length: "1" and nothing`}},
		"length of JSON":  {answer(200, `{"a":1}`, "Content-Length", "7"), answer(200, `{"a": 1}`, "Content-Length", "8"), nil},
		"type": {
			answer(200, "", "Content-Type", "text/html; charset=utf-8"), answer(200, "", "Content-Type", "text/html"),
			[]string{`Content-Type: "text/html; charset=utf-8" and "text/html"`},
		},
		"type in another way": {
			answer(200, "", "Content-Type", "text/html;charset=UTF-8"), answer(200, "", "Content-Type", "Text/HTML; charset=utf-8"), nil,
		},
		"text":          {answer(200, "a"), answer(200, "b"), []string{`body: "a" and "b"`}},
		"text and JSON": {answer(200, "a"), answer(200, "{}"), []string{`body: "a" and "{}"`}},
		"half of JSON":  {answer(200, "{}{"), answer(200, "{}"), []string{`body: "{}{" and "{}"`}},
		"scalars":       {answer(200, "1"), answer(200, "1.0"), []string{`body: "1" and "1.0"`}},
		"order":         {answer(200, `{"a":1,"b":2}`), answer(200, `{"b":2,"a":1}`), nil},
		"numbers":       {answer(200, `[1,100,0.5]`), answer(200, `[1.0,1e2,5E-1]`), nil},
		"large numbers": {
			answer(200, `[12345678901234567890]`), answer(200, `[12345678901234567891]`),
			[]string{"$[0]: 12345678901234567890 and 12345678901234567891"},
		},
		"huge exponents": {answer(200, `[1e999999999]`), answer(200, `[1e999999998]`), []string{"$[0]: 1e999999999 and 1e999999998"}},
		"a value":        {answer(200, `{"a":[{"b":1},{"b":2}]}`), answer(200, `{"a":[{"b":1},{"b":"2"}]}`), []string{`$.a[1].b: 2 and "2"`}},
		"a field":        {answer(200, `{"a":null}`), answer(200, `{}`), []string{`$.a: null and nothing`}},
		"another field":  {answer(200, `{}`), answer(200, `{"a":0}`), []string{`$.a: nothing and 0`}},
		"length":         {answer(200, `{"a":[1,2]}`), answer(200, `{"a":[1]}`), []string{`$.a: 2 items and 1 items`}},
		"kind":           {answer(200, `{"a":[]}`), answer(200, `{"a":{}}`), []string{`$.a: [] and {}`}},
		"dots in a name": {answer(200, `{"a.b[0]":1}`), answer(200, `{"a.b[0]":2}`), []string{`$.a%2Eb%5B0]: 1 and 2`}},
		"bool":           {answer(200, `{"a":true}`), answer(200, `{"a":false}`), []string{`$.a: true and false`}},
	} {
		var got []string
		for _, d := range Differences(test.one, test.other, nil) {
			got = append(got, d.String())
		}
		assert.Equal(t, test.want, got, name)
	}
}

func TestCookies(t *testing.T) {
	const ends = "; Expires=Wed, 21 Oct 2026 07:28:00 GMT"
	one := answer(200, "", "Set-Cookie", "session=1; Path=/; HttpOnly; Secure; SameSite=Lax"+ends)
	for name, test := range map[string]struct {
		cookie string
		want   []string
	}{
		"another value and time": {"session=2; Path=/; HttpOnly; Secure; SameSite=Lax; Expires=Wed, 21 Oct 2026 07:28:09 GMT", nil},
		"path":                   {"session=1; Path=/a; HttpOnly; Secure; SameSite=Lax" + ends, []string{"Set-Cookie session"}},
		"script may read it":     {"session=1; Path=/; Secure; SameSite=Lax" + ends, []string{"Set-Cookie session"}},
		"other sites":            {"session=1; Path=/; HttpOnly; Secure; SameSite=None" + ends, []string{"Set-Cookie session"}},
		"of the session":         {"session=1; Path=/; HttpOnly; Secure; SameSite=Lax", []string{"Set-Cookie session"}},
		"taken away":             {"session=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0", []string{"Set-Cookie session"}},
		"malformed":              {`session="{"a":"jane@example.com"}"; Path=/`, []string{"Set-Cookie session"}},
		"without a name":         {"jane@example.com", []string{"Set-Cookie session", "Set-Cookie without a name"}},
		"another name":           {"sid=1; Path=/", []string{"Set-Cookie session", "Set-Cookie sid"}},
	} {
		assert.Equal(t, test.want, places(Differences(one, answer(200, "", "Set-Cookie", test.cookie), nil)), name)
	}
}

// A value that may be personal data is said by its kind.
func TestMasked(t *testing.T) {
	for value, want := range map[string]string{
		`"Ada"`: "a text of 3 bytes", "404": "a number", "true": "true", "null": "null", `{"a":1}`: "an object", "[1]": "a list",
		"2 items": "2 items", "nothing": "nothing", "set": "set",
	} {
		assert.Equal(t, Difference{"$.a", want, want}, Difference{"$.a", value, value}.Masked(), value)
	}
	assert.Equal(t, Difference{"status", "200", "404"}, Difference{"status", "200", "404"}.Masked())
	setting := func(path string) Answer { return answer(200, "", "Set-Cookie", "a=hunter2; Path="+path) }
	cookie := Differences(setting("/a"), setting("/b"), nil)[0].Masked()
	assert.Contains(t, cookie.One, `Path="/a"`)
	assert.NotContains(t, cookie.One, "hunter2")
}

// What varies on one side is no difference to the other, in any item of a list; all else is.
func TestVarying(t *testing.T) {
	one := answer(200, `{"at":1,"items":[{"id":"a","seen":1}]}`, "X-Request-Id", "1")
	again := answer(200, `{"at":2,"items":[{"id":"a","seen":5}]}`, "X-Request-Id", "2")
	varying := Varying(Differences(one, again, nil))
	assert.Equal(t, Places{"X-Request-Id": true, "$.at": true, "$.items[].seen": true}, varying)
	other := answer(201, `{"at":3,"items":[{"id":"b","seen":{"by":9}}]}`, "X-Request-Id", "3")
	assert.Equal(t, []string{"status", "$.items[0].id"}, places(Differences(one, other, varying)))
}

func TestPlaces(t *testing.T) {
	p := PlacesOf("made", "$.items[].seen", "$.total", "Etag", "$.list[3].x")
	for _, place := range []string{
		"$.made", "$.items[0].made", "$.made.at", "$.items[7].seen", "$.items[7].seen.by[2]", "$.total", "Etag", "$.list[1].x",
	} {
		assert.True(t, p.Has(place), place)
	}
	for _, place := range []string{"$.items[0].total", "$.seen", "$.maded", "$.items", "$", "status", "body", "etag"} {
		assert.False(t, p.Has(place), place)
	}
	assert.True(t, PlacesOf("ETag").Has("Etag"))
	assert.True(t, PlacesOf("x-served-by").Has("X-Served-By"))
	assert.True(t, PlacesOf("a").With(PlacesOf("b")).Has("$.b"))
	assert.False(t, Places(nil).Has("$.b"))
}

// Any JSON is equal to itself in another way of writing, and a changed value is found where it
// is.
func TestAnyJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{"root": drawn(t, 3)}
		one, err := json.Marshal(object)
		require.NoError(t, err)
		other, err := json.MarshalIndent(object, "", "  ")
		require.NoError(t, err)
		assert.Empty(t, Differences(Answer{Body: one}, Answer{Body: other}, nil))
		object["more"] = 1
		changed, err := json.Marshal(object)
		require.NoError(t, err)
		assert.Equal(t, []Difference{{"$.more", nothing, "1"}}, Differences(Answer{Body: one}, Answer{Body: changed}, nil))
		assert.Empty(t, Differences(Answer{Body: one}, Answer{Body: changed}, PlacesOf("more")))
	})
}

func drawn(t *rapid.T, depth int) any {
	if depth == 0 {
		return rapid.SampledFrom([]any{nil, true, 7, -0.25, "a.b[0]", ""}).Draw(t, "leaf")
	}
	if rapid.Bool().Draw(t, "list") {
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			list = append(list, drawn(t, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
		object[fmt.Sprint("f", i)] = drawn(t, depth-1)
	}
	return object
}

// Two answers differ in the same places in whichever order they are compared.
func FuzzDifferences(f *testing.F) {
	f.Add(`{"a":[1,{"b":null}]}`, `{"a":[1.0,{"c":null}]}`, "session=1")
	f.Add("text", `[1]`, "x")
	f.Fuzz(func(t *testing.T, a, b, cookie string) {
		one, other := answer(200, a, "Set-Cookie", cookie), answer(200, b, "Set-Cookie", strconv.Quote(cookie))
		there, back := Differences(one, other, nil), Differences(other, one, nil)
		require.Len(t, back, len(there))
		for i := range there {
			assert.Equal(t, Difference{there[i].Place, there[i].Other, there[i].One}, back[i])
		}
		assert.Empty(t, Differences(one, one, nil))
		assert.Empty(t, Differences(one, other, Varying(there)))
		assert.False(t, slices.ContainsFunc(there, func(d Difference) bool { return strings.TrimSpace(d.Place) == "" }))
	})
}
