package cloudwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Dashboard is the body of one, in as much of its grammar as this app uses.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type Dashboard struct {
	Start          string   `json:"start"`
	PeriodOverride string   `json:"periodOverride"`
	Widgets        []Widget `json:"widgets"`
}

// Widget is a rectangle of the grid with a text or a graph in it.
type Widget struct {
	Type       string `json:"type"`
	X          int    `json:"x"`
	Y          int    `json:"y"`
	Width      int    `json:"width"`
	Height     int    `json:"height"`
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
	Expression string `json:"expression"`
	Label      string `json:"label"`
	ID         string `json:"id"`
	Color      string `json:"color"`
	Visible    *bool  `json:"visible"`
}

// Axis is the left or the right one of a graph.
type Axis struct {
	Min       *float64 `json:"min"`
	Max       *float64 `json:"max"`
	Label     string   `json:"label"`
	ShowUnits bool     `json:"showUnits"`
}

// What a dashboard and a graph have room for.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	mostWidgets = 500
	mostMetrics = 100
	gridColumns = 24
	mostRows    = 1000
)

// ReadDashboard reads a body and refuses what CloudWatch would: a property that it
// does not have, a widget that is off the grid or over another, more widgets or
// metrics than there is room for, and an expression that refers to nothing.
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
		if slices.ContainsFunc(d.Widgets[:i], w.over) {
			errs = append(errs, fmt.Errorf("widget %d %s lies over another", i, w.Properties.Title))
		}
	}
	return d, errors.Join(errs...)
}

func (w Widget) over(other Widget) bool {
	return w.X < other.X+other.Width && other.X < w.X+w.Width && w.Y < other.Y+other.Height && other.Y < w.Y+w.Height
}

func (w Widget) check() error {
	if w.X < 0 || w.Y < 0 || w.Width < 1 || w.X+w.Width > gridColumns || w.Height < 1 || w.Height > mostRows {
		return fmt.Errorf("%d columns and %d rows at %d, %d: off the grid", w.Width, w.Height, w.X, w.Y)
	}
	p := w.Properties
	switch w.Type {
	case "text":
		if p.Markdown == "" || len(p.Metrics) > 0 {
			return errors.New("a text without a text")
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
				return fmt.Errorf("id %q: want one of its own that begins with a small letter", id)
			}
			ids[id] = true
		}
		if color := line[0].Color; color != "" && !lineColor.MatchString(color) {
			return fmt.Errorf("color %q", color)
		}
		visible = visible || line[0].Visible == nil || *line[0].Visible
	}
	if !visible {
		return errors.New("nothing to see")
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
				return fmt.Errorf("%s: nothing has the id %s", line[0].Expression, word)
			}
		}
	}
	return nil
}
