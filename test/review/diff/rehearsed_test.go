package diff

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAddRehearsal(t *testing.T) {
	changes := []Change{{Environments: []string{"shop-dev", "shop-prod"}, Requests: 900, P99: 12.4}}
	for name, test := range map[string]struct {
		rehearsal           Rehearsal
		phases              []string
		rehearsed, findings []string
	}{
		"nothing failed": {
			Rehearsal{Changes: changes}, nil, []string{"Rehearsal: 900 requests while the phases change, none failed, p99 12 ms."}, nil,
		},
		"another environment": {Rehearsal{Changes: []Change{{Environments: []string{"shop-dev"}}}}, nil, nil, nil},
		"failures": {
			Rehearsal{Changes: []Change{{Environments: []string{"shop-prod"}, Requests: 900, Unexplained: 2, NotJudged: true}}}, nil, nil,
			[]string{"Rehearsal: 2 failures that should not be, of 900 requests, while the phases change. The job's log has each."},
		},
		"busy": {
			Rehearsal{Changes: []Change{{Environments: []string{"shop-prod"}, NotJudged: true}}, Error: "busy"}, nil,
			[]string{"Rehearsal: the machine was too busy to judge the change of the phases."}, nil,
		},
		"failures before": {
			Rehearsal{Changes: []Change{{Environments: []string{"shop-prod"}, Requests: 900, Before: 3}}}, nil,
			[]string{"Rehearsal: 900 requests while the phases change, none failed; before the change 3 did."}, nil,
		},
		"an error": {
			Rehearsal{Error: "`<b>` has no image"}, []string{"Phase of alpha: dark → live."},
			[]string{"Not rehearsed: `` `<b>` has no image ``."}, nil,
		},
		"an error without a change of phases": {Rehearsal{Error: "none"}, nil, nil, nil},
	} {
		d := Diff{Environment: "shop-prod", Phases: test.phases}
		d.Add(test.rehearsal)
		assert.Equal(t, test.rehearsed, d.Rehearsed, name)
		assert.Equal(t, test.findings, d.Findings, name)
	}
}
