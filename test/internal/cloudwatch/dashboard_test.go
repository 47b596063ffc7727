package cloudwatch

import (
	"fmt"
	"strings"
	"testing"
)

const (
	metricsList = `[[{"id":"a","expression":"SUM(SEARCH('{N,D} MetricName=\"M\" D=x', 'Sum', 60))","visible":false}],[{"expression":"100 * a","label":"A","color":"#1f77b4"}]]`
	goodGraph   = `{"type":"metric","x":12,"y":0,"width":12,"height":6,"properties":{"title":"T","region":"eu-west-1","view":"timeSeries","period":60,"metrics":` + metricsList + `,"yAxis":{"left":{"min":0,"label":"%","showUnits":false}}}}`
	goodText    = `{"type":"text","x":0,"y":0,"width":12,"height":6,"properties":{"markdown":"# T"}}`
)

func TestReadDashboard(t *testing.T) {
	good := `{"start":"-PT3H","periodOverride":"inherit","widgets":[` + goodText + `,` + goodGraph + `]}`
	if _, err := ReadDashboard(good); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]*strings.Replacer{
		"a property that there is not":  strings.NewReplacer(`"markdown"`, `"text"`),
		"off the grid":                  strings.NewReplacer(`"x":12`, `"x":13`),
		"one over another":              strings.NewReplacer(`"x":12`, `"x":11`),
		"without a region":              strings.NewReplacer(`"eu-west-1"`, `""`),
		"in a view that there is not":   strings.NewReplacer("timeSeries", "timeseries"),
		"of a type that there is not":   strings.NewReplacer(`"type":"text"`, `"type":"txt"`),
		"a period of half a minute":     strings.NewReplacer(`"period":60`, `"period":30`),
		"an id with a capital":          strings.NewReplacer(`"id":"a"`, `"id":"A"`),
		"an expression of nothing":      strings.NewReplacer(`100 * a`, `100 * b`),
		"a color by its name":           strings.NewReplacer("#1f77b4", "blue"),
		"a search that cannot be read":  strings.NewReplacer(`MetricName`, `Metric`),
		"a graph of nothing":            strings.NewReplacer(metricsList, "[]"),
		"a graph with nothing to see":   strings.NewReplacer(`"label":"A"`, `"visible":false`),
		"more metrics than it has room": strings.NewReplacer(`[[{"id"`, `[`+strings.Repeat(`[{"expression":"1"}],`, 99)+`[{"id"`),
		"more widgets than it has room": strings.NewReplacer(goodText, many(500)),
		"no widget":                     strings.NewReplacer(goodText+","+goodGraph, ""),
	} {
		if _, err := ReadDashboard(edit.Replace(good)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func many(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"type":"text","x":0,"y":%d,"width":12,"height":6,"properties":{"markdown":"T"}}`, 6*i))
	}
	return strings.Join(all, ",")
}
