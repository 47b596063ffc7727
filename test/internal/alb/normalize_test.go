package alb

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNormalizePath(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"/", "/"},
		{"/api/alpha", "/api/alpha"},
		{"/%61pi/%7Ealpha%5fbeta", "/api/~alpha_beta"},
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
		assert.Equal(t, test.want, normalizePath(test.path), test.path)
	}
}

func TestNormalizePathProperties(t *testing.T) {
	segments := rapid.SliceOf(rapid.SampledFrom([]string{"", ".", "..", "a", "%2e", "%2F", "%41", "%25", ".%2E", "b.c"}))
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(segments.Draw(t, "segments"), "/")
		normal := normalizePath(path)
		require.Equal(t, normal, normalizePath(normal), "%q normalized twice", path)
		require.True(t, strings.HasPrefix(normal, "/"), "%q becomes %q", path, normal)
		require.NotContains(t, normal+"/", "/../", path)
		require.NotContains(t, normal+"/", "/./", path)
	})
}

func TestDotSegmentsAgreeWithNetURL(t *testing.T) {
	// Empty segments are left out: net/url does not keep all of them.
	segments := rapid.SliceOf(rapid.SampledFrom([]string{".", "..", "a", "b.c", "..."}))
	root := &url.URL{Path: "/"}
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(segments.Draw(t, "segments"), "/")
		require.Equal(t, root.ResolveReference(&url.URL{Path: path}).Path, normalizePath(path), path)
	})
}
