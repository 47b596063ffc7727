package services

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Dashboard returns the body of a CloudWatch dashboard, as JSON, that shows the
// migration of a stage: each program's share of all requests, and then, service by
// service, the service beside the monolith. The monolith's line is everything that
// it still serves, because a load balancer counts by target group, not by path. The last row
// is the connections between programs, whichever there are.
//
// SEARCH expressions find its metrics, so that no phase and no deployment changes
// the dashboard. A program without data has no line.
//
// External is the ARN of the target group of a monolith that runs outside the stage, or "".
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func Dashboard(stage, region string, c Catalog, external string) string {
	d := dashboard{stage: stage, region: region, catalog: c, external: external}
	d.row(3, text(fmt.Sprintf("# The migration of %s\n\n"+
		"Each row is a service's paths: the service in blue beside the monolith in orange, which is all that the monolith still serves. "+
		"The strangled share is what the services answer of all requests; at 100 %% the monolith has none left.", stage)))
	d.row(6, d.shares(), d.strangled())
	for _, s := range c.Services {
		d.row(2, text(fmt.Sprintf("## %s\n\n%s", s.Name, routesText(s))))
		widgets := []widget{d.requests(s), d.share(s), d.errors(s), d.latency(s), d.tasks(s)}
		if s.Table != nil {
			widgets = append(widgets, d.throttles(s))
		}
		d.row(6, widgets...)
	}
	for _, w := range c.Workers {
		d.row(2, text(fmt.Sprintf("## %s\n\nA worker, which no path leads to.", w.Name)))
		d.row(6, d.worker(w)...)
	}
	d.connections()
	body, err := json.Marshal(map[string]any{"start": "-PT3H", "periodOverride": "inherit", "widgets": d.widgets})
	if err != nil {
		panic(err) // unreachable: every value has a JSON form
	}
	return string(body)
}

// routesText lists a service's routes, each by its name, verbs, hosts and paths.
func routesText(s Service) string {
	var routes []string
	for _, r := range s.Routes {
		text := "`" + strings.Join(slices.Concat(r.Verbs, r.Hosts, r.Paths), "` `") + "`"
		if r.Name != "" {
			text = r.Name + ": " + text
		}
		routes = append(routes, text)
	}
	return strings.Join(routes, ", ")
}

// dashboard is a dashboard under construction: rows below each other on a grid.
type dashboard struct {
	stage, region string
	catalog       Catalog
	external      string
	widgets       []widget
	y             int
}

const gridColumns = 24

// row adds a row that divides the whole width between widgets.
func (d *dashboard) row(height int, widgets ...widget) {
	for i, w := range widgets {
		w.Width, w.Height = gridColumns/len(widgets), height
		w.X, w.Y = i*w.Width, d.y
		d.widgets = append(d.widgets, w)
	}
	d.y += height
}

type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Markdown string   `json:"markdown,omitempty"`
	Title    string   `json:"title,omitempty"`
	Region   string   `json:"region,omitempty"`
	View     string   `json:"view,omitempty"`
	Stacked  bool     `json:"stacked,omitempty"`
	Period   int      `json:"period,omitempty"`
	Metrics  [][]line `json:"metrics,omitempty"`
	YAxis    *axes    `json:"yAxis,omitempty"`
}

type axes struct {
	Left axis `json:"left"`
}

type axis struct {
	Min       int    `json:"min"`
	Max       int    `json:"max,omitempty"`
	Label     string `json:"label"`
	ShowUnits bool   `json:"showUnits"`
}

// line is an expression that a graph shows, or that its other lines refer to by id.
type line struct {
	Expression string `json:"expression"`
	Label      string `json:"label,omitempty"`
	ID         string `json:"id,omitempty"`
	Color      string `json:"color,omitempty"`
	Visible    *bool  `json:"visible,omitempty"`
}

// hidden returns a line that is not shown and that others refer to.
func hidden(id, expression string) line {
	return line{ID: id, Expression: expression, Visible: new(false)}
}

func text(markdown string) widget {
	return widget{Type: "text", Properties: properties{Markdown: markdown}}
}

func (d *dashboard) graph(title string, left axis, lines ...line) widget {
	w := widget{Type: "metric", Properties: properties{Title: title, Region: d.region, View: "timeSeries", Period: 60, YAxis: &axes{left}}}
	for _, l := range lines {
		w.Properties.Metrics = append(w.Properties.Metrics, []line{l})
	}
	return w
}

// The colors of a service and of the monolith, light for the 99th percentile.
const (
	blue, lightBlue     = "#1f77b4", "#aec7e8"
	orange, lightOrange = "#ff7f0e", "#ffbb78"
)

// pair returns the lines of one expression for a service and for the monolith.
func (d *dashboard) pair(s Service, expression func(Service) string) []line {
	m := d.catalog.Monolith
	return []line{
		{Expression: expression(s), Label: s.Name, Color: blue},
		{Expression: expression(m), Label: m.Name, Color: orange},
	}
}

var percent = axis{Max: 100, Label: "%"}

func (d *dashboard) shares() widget {
	lines := []line{hidden("total", d.sum("RequestCount", d.catalog.WithPaths()...))}
	for _, s := range d.catalog.WithPaths() {
		lines = append(lines, line{Expression: d.shareOf(s), Label: s.Name})
	}
	w := d.graph("Who answers, of all requests", percent, lines...)
	w.Properties.Stacked = true
	return w
}

func (d *dashboard) strangled() widget {
	return d.graph("Strangled share of all requests", percent,
		hidden("total", d.sum("RequestCount", d.catalog.WithPaths()...)),
		line{Expression: "100 * " + d.sum("RequestCount", d.catalog.Services...) + " / total", Label: "services", Color: blue})
}

func (d *dashboard) requests(s Service) widget {
	return d.graph("Requests a minute", axis{Label: "requests"},
		d.pair(s, func(s Service) string { return d.sum("RequestCount", s) })...)
}

func (d *dashboard) share(s Service) widget {
	return d.graph("Share of all requests", percent, append(
		[]line{hidden("total", d.sum("RequestCount", d.catalog.WithPaths()...))}, d.pair(s, d.shareOf)...)...)
}

// shareOf returns a service's share of the line "total" in the same graph, in percent.
func (d *dashboard) shareOf(s Service) string {
	return "100 * " + d.sum("RequestCount", s) + " / total"
}

func (d *dashboard) errors(s Service) widget {
	return d.graph("5xx, of its requests", axis{Label: "%"},
		d.pair(s, func(s Service) string {
			return fmt.Sprintf("100 * %s / %s", d.sum("HTTPCode_Target_5XX_Count", s), d.sum("RequestCount", s))
		})...)
}

func (d *dashboard) latency(s Service) widget {
	m := d.catalog.Monolith
	return d.graph("p50 and p99", axis{Label: "seconds"},
		line{Expression: d.ofTargetGroups("TargetResponseTime", "p50", s), Label: s.Name + " p50", Color: blue},
		line{Expression: d.ofTargetGroups("TargetResponseTime", "p99", s), Label: s.Name + " p99", Color: lightBlue},
		line{Expression: d.ofTargetGroups("TargetResponseTime", "p50", m), Label: m.Name + " p50", Color: orange},
		line{Expression: d.ofTargetGroups("TargetResponseTime", "p99", m), Label: m.Name + " p99", Color: lightOrange})
}

func (d *dashboard) tasks(s Service) widget {
	return d.graph("Tasks that run", axis{Label: "tasks"}, d.pair(s, d.running)...)
}

func (d *dashboard) running(s Service) string {
	return search("ECS/ContainerInsights,ClusterName,ServiceName", "RunningTaskCount", "Average",
		fmt.Sprintf("ServiceName=%s-%s-%sService", d.stage, s.ID(), s.ID()))
}

// worker returns the graphs of a worker: its tasks, its queue and its table.
func (d *dashboard) worker(w Service) []widget {
	widgets := []widget{d.graph("Tasks that run", axis{Label: "tasks"}, line{Expression: d.running(w), Label: w.Name, Color: blue})}
	if queue := w.Scaling.QueueName(); queue != "" {
		widgets = append(widgets, d.graph("Messages that wait", axis{Label: "messages"}, line{
			Expression: search("AWS/SQS,QueueName", "ApproximateNumberOfMessagesVisible", "Maximum", fmt.Sprintf("QueueName=%q", queue)),
			Label:      queue, Color: blue,
		}))
	}
	if w.Table != nil {
		widgets = append(widgets, d.throttles(w))
	}
	return widgets
}

func (d *dashboard) throttles(s Service) widget {
	return d.graph("Calls that its table refused", axis{Label: "calls"}, line{
		Expression: search("AWS/DynamoDB,Operation,TableName", "ThrottledRequests", "Sum",
			fmt.Sprintf("TableName=%s-Data-%sTable", d.stage, s.ID())),
		Label: s.Name, Color: blue,
	})
}

// connections adds a row whose lines are the pairs of programs that a search finds. It names
// no program, so that a connection that comes or goes does not change the dashboard. A call
// counts by the status of its answer, so the graph of requests has a line for each kind.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
func (d *dashboard) connections() {
	d.row(2, text("## Connections\n\nEach line is a program that calls, by its ECS service, and the name of what it calls."))
	var answered []line
	for _, class := range []string{"2XX", "3XX", "4XX", "5XX"} {
		answered = append(answered, d.ofConnections("HTTPCode_Target_"+class+"_Count", "Sum", " "+class))
	}
	d.row(6,
		d.graph("Calls a minute, by their answers", axis{Label: "calls"}, answered...),
		d.graph("Calls answered with 5xx", axis{Label: "calls"}, d.ofConnections("HTTPCode_Target_5XX_Count", "Sum", "")),
		d.graph("p99 of calls", axis{Label: "seconds"}, d.ofConnections("TargetResponseTime", "p99", "")))
}

// ofConnections returns a line of the graph for each connection.
func (d *dashboard) ofConnections(metric, statistic, suffix string) line {
	return line{
		Expression: search("AWS/ECS,ClusterName,ServiceName,TargetDiscoveryName", metric, statistic,
			fmt.Sprintf("ClusterName=%s-Platform-Cluster", d.stage)),
		Label: "${PROP('Dim.ServiceName')} to ${PROP('Dim.TargetDiscoveryName')}" + suffix,
	}
}

func (d *dashboard) sum(metric string, of ...Service) string {
	return fmt.Sprintf("SUM(%s)", d.ofTargetGroups(metric, "Sum", of...))
}

func (d *dashboard) ofTargetGroups(metric, statistic string, of ...Service) string {
	var names []string
	for _, s := range of {
		names = append(names, d.group(s))
	}
	return search("AWS/ApplicationELB,LoadBalancer,TargetGroup", metric, statistic, "("+strings.Join(names, " OR ")+")")
}

// group returns the words that find a program's target group.
func (d *dashboard) group(s Service) string {
	if _, group, external := strings.Cut(d.external, ":targetgroup/"); external && s.Name == d.catalog.Monolith.Name {
		return `TargetGroup="targetgroup/` + group + `"`
	}
	name := TargetGroupName(d.stage, s)
	return name[strings.LastIndex(name, "-")+1:]
}

// search returns a SEARCH expression for the metrics of a name whose dimensions
// match the words, with a period of 60 s.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func search(schema, metric, statistic, words string) string {
	return fmt.Sprintf(`SEARCH('{%s} MetricName="%s" %s', '%s', 60)`, schema, metric, words, statistic)
}
