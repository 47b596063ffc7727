package main

import (
	"path"
	"slices"
	"strings"
	"testing"
)

var bucket = Finding{Rule: "CT.S3.PR.2", Construct: "forum-dev/Edge/AccessLogs/Resource", Says: "Require a log"}

func TestCompare(t *testing.T) {
	dev := []string{"forum-dev"}
	for name, c := range map[string]struct {
		opinion      Opinion
		explanations []Explanation
		want         string
	}{
		"explained":            {Opinion{[]Finding{bucket}, dev}, []Explanation{{bucket.Rule, "*/Edge/AccessLogs/*", "why"}}, ""},
		"unexplained":          {Opinion{[]Finding{bucket}, dev}, nil, "forum-dev/Edge/AccessLogs/Resource: CT.S3.PR.2: Require a log"},
		"of another rule":      {Opinion{[]Finding{bucket}, dev}, []Explanation{{"CT.S3.PR.20", "*/*/*/*", "why"}}, "Require a log"},
		"of another construct": {Opinion{[]Finding{bucket}, dev}, []Explanation{{bucket.Rule, "*/Edge/Uploads/*", "why"}}, "Require a log"},
		"of a deeper one":      {Opinion{[]Finding{bucket}, dev}, []Explanation{{bucket.Rule, "*/Edge", "why"}}, "Require a log"},
		"stale":                {Opinion{nil, dev}, []Explanation{{bucket.Rule, "forum-dev/Edge/*", "why"}}, "remove the explanation"},
		"stale everywhere":     {Opinion{nil, dev}, []Explanation{{bucket.Rule, "*/Edge/*", "why"}}, "remove the explanation"},
		"not synthesized":      {Opinion{nil, dev}, []Explanation{{bucket.Rule, "forum-prod/Edge/*", "why"}}, ""},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, compare(c.opinion, c.explanations), c.want) })
	}
}

func TestCompareReportsEverything(t *testing.T) {
	other := Finding{Rule: "CT.S3.PR.4", Construct: bucket.Construct, Says: "Require an event"}
	err := compare(Opinion{[]Finding{bucket, other}, nil}, nil)
	wantError(t, err, "Require a log\nforum-dev/Edge/AccessLogs/Resource: CT.S3.PR.4: Require an event")
}

func TestExplanationsSayWhy(t *testing.T) {
	for _, e := range slices.Concat(nagExplanations(), guardExplanations()) {
		if e.Reason == "" {
			t.Errorf("%s of %s has no reason", e.Rule, e.Construct)
		}
		if _, err := path.Match(e.Construct, ""); err != nil {
			t.Errorf("%s of %s: %v", e.Rule, e.Construct, err)
		}
	}
}

// wantError wants an error with a text, and none when the text is empty.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("no error, want %q", want)
	case err != nil && (want == "" || !strings.Contains(err.Error(), want)):
		t.Errorf("error %q, want %q", err, want)
	}
}
