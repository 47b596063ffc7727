package alb

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNormalizePath(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"/", "/"},
		{"/api/users", "/api/users"},
		{"/%61pi/%7Euser%5fname", "/api/~user_name"},
		{"/a%2fb", "/a%2Fb"},
		{"/a%3F%c3%a9", "/a%3F%C3%A9"},
		{"/a%252e", "/a%252e"},
		{"/100%", "/100%"},
		{"/%zz", "/%zz"},
		{"/a//b/", "/a//b/"},
		{"/./a/./b/.", "/a/b/"},
		{"/a/b/../c", "/a/c"},
		{"/a/b/..", "/a/"},
		{"/a/%2E%2e/b", "/b"},
		{"/../..", "/"},
		{"/a//../b", "/a/b"},
		{"/..a/.b", "/..a/.b"},
	} {
		if got := normalizePath(test.path); got != test.want {
			t.Errorf("normalizePath(%q) = %q, want %q", test.path, got, test.want)
		}
	}
}

func TestNormalizePathProperties(t *testing.T) {
	segments := rapid.SliceOf(rapid.SampledFrom([]string{"", ".", "..", "a", "%2e", "%2F", "%41", "%25", ".%2E", "b.c"}))
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(segments.Draw(t, "segments"), "/")
		normal := normalizePath(path)
		if again := normalizePath(normal); again != normal {
			t.Fatalf("%q becomes %q, and that becomes %q", path, normal, again)
		}
		if !strings.HasPrefix(normal, "/") || strings.Contains(normal+"/", "/../") || strings.Contains(normal+"/", "/./") {
			t.Fatalf("%q becomes %q: want a path from the root without dot segments", path, normal)
		}
	})
}

func TestDotSegmentsAgreeWithNetURL(t *testing.T) {
	// Empty segments are left out: net/url does not keep all of them.
	segments := rapid.SliceOf(rapid.SampledFrom([]string{".", "..", "a", "b.c", "..."}))
	root := &url.URL{Path: "/"}
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(segments.Draw(t, "segments"), "/")
		if got, want := normalizePath(path), root.ResolveReference(&url.URL{Path: path}).Path; got != want {
			t.Fatalf("normalizePath(%q) = %q, net/url resolves it to %q", path, got, want)
		}
	})
}
