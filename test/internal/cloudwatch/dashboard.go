package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Dashboard is the body of a dashboard, with the properties that this app uses.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type Dashboard struct {
	// Start is the beginning of the time range, such as "-PT3H" for three hours ago.
	Start string `json:"start"`
	// PeriodOverride is "auto" or "inherit".
	PeriodOverride string `json:"periodOverride"`
	// Widgets are 1 to 500.
	Widgets []Widget `json:"widgets"`
}

// Widget is a rectangle of the grid with a text or a graph in it.
type Widget struct {
	// Type is "text" or "metric".
	Type string `json:"type"`
	// X is the leftmost column, from 0. The grid has 24 columns.
	X int `json:"x"`
	// Y is the topmost row, from 0.
	Y int `json:"y"`
	// Width is in columns.
	Width int `json:"width"`
	// Height is in rows, 1 to 1000.
	Height int `json:"height"`
	// Properties are those of a text, Markdown alone, or those of a graph. Period is in
	// seconds.
	Properties struct {
		Markdown string          `json:"markdown"`
		Title    string          `json:"title"`
		Region   string          `json:"region"`
		View     string          `json:"view"`
		Stacked  bool            `json:"stacked"`
		Period   int             `json:"period"`
		Metrics  [][]Line        `json:"metrics"`
		YAxis    map[string]Axis `json:"yAxis"`
	} `json:"properties"`
}

// Line is an expression of a graph.
type Line struct {
	// Expression is metric math, which may hold SEARCH expressions.
	Expression string `json:"expression"`
	// Label is shown in the legend.
	Label string `json:"label"`
	// ID is unique in the graph, by which other expressions refer to the line. Empty
	// means none.
	ID string `json:"id"`
	// Color is "#" and six hexadecimal digits. Empty means CloudWatch's choice.
	Color string `json:"color"`
	// Visible is false for a line that only other expressions use. Nil means true.
	Visible *bool `json:"visible"`
}

// Axis is the left or the right axis of a graph.
type Axis struct {
	// Min is the lowest value. Nil means CloudWatch's choice.
	Min *float64 `json:"min"`
	// Max is the highest value. Nil means CloudWatch's choice.
	Max *float64 `json:"max"`
	// Label is shown at the axis.
	Label string `json:"label"`
	// ShowUnits shows the units of the metrics.
	ShowUnits bool `json:"showUnits"`
}

// Limits of a dashboard and of a graph.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	mostWidgets = 500
	mostMetrics = 100
	gridColumns = 24
	mostRows    = 1000
)

// ReadDashboard reads the JSON of a dashboard's body. It returns an error for what
// CloudWatch would refuse or this package does not support: an unknown property or
// type, a widget off the grid, too many widgets or metrics, an expression with an
// unknown id; and for widgets that overlap and a graph without a visible line.
func ReadDashboard(body string) (Dashboard, error) {
	var d Dashboard
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return d, err
	}
	var errs []error
	if len(d.Widgets) == 0 || len(d.Widgets) > mostWidgets {
		errs = append(errs, fmt.Errorf("%d widgets: want 1 to %d", len(d.Widgets), mostWidgets))
	}
	for i, w := range d.Widgets {
		if err := w.check(); err != nil {
			errs = append(errs, fmt.Errorf("widget %d %s: %w", i, w.Properties.Title, err))
		}
		if slices.ContainsFunc(d.Widgets[:i], w.overlaps) {
			errs = append(errs, fmt.Errorf("widget %d %s overlaps another", i, w.Properties.Title))
		}
	}
	return d, errors.Join(errs...)
}

func (w Widget) overlaps(other Widget) bool {
	return w.X < other.X+other.Width && other.X < w.X+w.Width && w.Y < other.Y+other.Height && other.Y < w.Y+w.Height
}

// check returns an error for a widget that CloudWatch would refuse.
func (w Widget) check() error {
	if w.X < 0 || w.Y < 0 || w.Width < 1 || w.X+w.Width > gridColumns || w.Height < 1 || w.Height > mostRows {
		return fmt.Errorf("%d columns and %d rows at %d, %d: off the grid", w.Width, w.Height, w.X, w.Y)
	}
	p := w.Properties
	switch w.Type {
	case "text":
		if p.Markdown == "" || len(p.Metrics) > 0 {
			return errors.New("a text widget wants markdown and no metrics")
		}
		return nil
	case "metric":
		if p.Region == "" || p.View != "timeSeries" || p.Period%60 != 0 || p.Period == 0 || p.Markdown != "" {
			return fmt.Errorf("region %q, view %q, period %d", p.Region, p.View, p.Period)
		}
		return checkLines(p.Metrics)
	}
	return fmt.Errorf("type %q is not supported", w.Type)
}

var (
	lineID    = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
	lineColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)
	words     = regexp.MustCompile(`\b[A-Za-z_]\w*\b`)
)

// checkLines returns an error for the lines of a graph that CloudWatch would refuse.
func checkLines(metrics [][]Line) error {
	if len(metrics) == 0 || len(metrics) > mostMetrics {
		return fmt.Errorf("%d metrics: want 1 to %d", len(metrics), mostMetrics)
	}
	ids, visible := map[string]bool{}, false
	for _, line := range metrics {
		if len(line) != 1 {
			return errors.New("a line of several expressions")
		}
		if id := line[0].ID; id != "" {
			if !lineID.MatchString(id) || ids[id] {
				return fmt.Errorf("id %q: want a unique one that begins with a lower-case letter", id)
			}
			ids[id] = true
		}
		if color := line[0].Color; color != "" && !lineColor.MatchString(color) {
			return fmt.Errorf("color %q", color)
		}
		visible = visible || line[0].Visible == nil || *line[0].Visible
	}
	if !visible {
		return errors.New("no visible line")
	}
	for _, line := range metrics {
		remains, found, err := Searches(line[0].Expression)
		if err != nil {
			return err
		}
		for i := range found {
			ids[fmt.Sprintf("s%d", i)] = true
		}
		for _, word := range words.FindAllString(remains, -1) {
			if !ids[word] && word != "SUM" {
				return fmt.Errorf("%s: no line has the id %s", line[0].Expression, word)
			}
		}
	}
	return nil
}
