package cloudwatch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	metricsList = `[[{"id":"a","expression":"SUM(SEARCH('{N,D} MetricName=\"M\" D=x', 'Sum', 60))","visible":false}],` +
		`[{"expression":"100 * a","label":"A","color":"#1f77b4"}]]`
	goodGraph = `{"type":"metric","x":12,"y":0,"width":12,"height":6,"properties":{"title":"T","region":"eu-west-1",` +
		`"view":"timeSeries","period":60,"metrics":` + metricsList + `,"yAxis":{"left":{"min":0,"label":"%","showUnits":false}}}}`
	goodText = `{"type":"text","x":0,"y":0,"width":12,"height":6,"properties":{"markdown":"# T"}}`
)

func TestReadDashboard(t *testing.T) {
	good := `{"start":"-PT3H","periodOverride":"inherit","widgets":[` + goodText + `,` + goodGraph + `]}`
	_, err := ReadDashboard(good)
	require.NoError(t, err)
	for name, edit := range map[string]*strings.Replacer{
		"an unknown property":              strings.NewReplacer(`"markdown"`, `"text"`),
		"off the grid":                     strings.NewReplacer(`"x":12`, `"x":13`),
		"widgets that overlap":             strings.NewReplacer(`"x":12`, `"x":11`),
		"without a region":                 strings.NewReplacer(`"eu-west-1"`, `""`),
		"an unknown view":                  strings.NewReplacer("timeSeries", "timeseries"),
		"an unknown type":                  strings.NewReplacer(`"type":"text"`, `"type":"txt"`),
		"a period of half a minute":        strings.NewReplacer(`"period":60`, `"period":30`),
		"an id with a capital":             strings.NewReplacer(`"id":"a"`, `"id":"A"`),
		"an expression with an unknown id": strings.NewReplacer(`100 * a`, `100 * b`),
		"a color by name":                  strings.NewReplacer("#1f77b4", "blue"),
		"a malformed search":               strings.NewReplacer(`MetricName`, `Metric`),
		"a graph without metrics":          strings.NewReplacer(metricsList, "[]"),
		"a graph without a visible line":   strings.NewReplacer(`"label":"A"`, `"visible":false`),
		"101 metrics":                      strings.NewReplacer(`[[{"id"`, `[`+strings.Repeat(`[{"expression":"1"}],`, 99)+`[{"id"`),
		"501 widgets":                      strings.NewReplacer(goodText, many(500)),
		"no widget":                        strings.NewReplacer(goodText+","+goodGraph, ""),
	} {
		bad := edit.Replace(good)
		require.NotEqual(t, good, bad, name)
		_, err := ReadDashboard(bad)
		assert.Error(t, err, "%s: mutant passed the check", name)
	}
}

// many returns n text widgets that do not overlap.
func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"type":"text","x":0,"y":%d,"width":12,"height":6,"properties":{"markdown":"T"}}`, 6*i))
	}
	return strings.Join(all, ",")
}
