// Package accesslog reads the access logs of Application Load Balancers.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
package accesslog

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Entry is one request. A field that the load balancer has left out, as "-", is empty or
// zero.
type Entry struct {
	// Type is "http", "https", "h2", "grpcs", "ws" or "wss".
	Type string
	// Time is when the response was made, or when a WebSocket was closed.
	Time time.Time
	// Duration is the time that the target took. It is zero without a target, and for a
	// connection that ended early.
	Duration time.Duration
	// Status is that of the response, TargetStatus that of the target's.
	Status, TargetStatus int
	// Method of the request, and URL as the client has sent it, with the port.
	Method string
	URL    *url.URL
	// TargetGroup is the ARN of the group that answered.
	TargetGroup string
	// RulePriority is that of the rule that matched, and zero for the default action.
	RulePriority int
	// TransformedURI is the path and query that the target got, in a log that has them and
	// where a rule has changed them.
	TransformedURI string
}

// The positions of the fields in a line. What comes after the last is newer, and ignored.
const (
	fieldType               = 0
	fieldTime               = 1
	fieldTargetTime         = 6
	fieldStatus             = 8
	fieldTargetStatus       = 9
	fieldRequest            = 12
	fieldTargetGroup        = 16
	fieldRulePriority       = 20
	fieldTransformedURI     = 31
	fewestFields            = 29 // those of a line before conn_trace_id came
	longestLine             = 1 << 20
	timeOfLine              = "2006-01-02T15:04:05.999999Z"
	requestLeftOut, leftOut = "- ", "-"
)

// Parse reads one line. Its error says which field is malformed, and has nothing of a URL, whose
// query may be secret.
func Parse(line string) (Entry, error) {
	fields, err := split(line)
	if err != nil {
		return Entry{}, err
	}
	if len(fields) < fewestFields {
		return Entry{}, fmt.Errorf("%d fields: want %d or more", len(fields), fewestFields)
	}
	e := Entry{Type: fields[fieldType], TargetGroup: text(fields[fieldTargetGroup])}
	if e.Time, err = time.Parse(timeOfLine, fields[fieldTime]); err != nil {
		return Entry{}, fmt.Errorf("time: %w", err)
	}
	if e.Duration, err = duration(fields[fieldTargetTime]); err != nil {
		return Entry{}, fmt.Errorf("target_processing_time: %w", err)
	}
	for _, number := range []struct {
		name string
		text string
		to   *int
	}{
		{"elb_status_code", fields[fieldStatus], &e.Status},
		{"target_status_code", fields[fieldTargetStatus], &e.TargetStatus},
		{"matched_rule_priority", fields[fieldRulePriority], &e.RulePriority},
	} {
		if *number.to, err = integer(number.text); err != nil {
			return Entry{}, fmt.Errorf("%s: %w", number.name, err)
		}
	}
	if e.Method, e.URL, err = request(fields[fieldRequest]); err != nil {
		return Entry{}, fmt.Errorf("request: %w", err)
	}
	if len(fields) > fieldTransformedURI {
		e.TransformedURI = text(fields[fieldTransformedURI])
	}
	return e, nil
}

// split cuts a line at its spaces, but for those between quotes. Between quotes the load
// balancer writes a quote of the client's as \x22.
func split(line string) ([]string, error) {
	var fields []string
	for line != "" {
		var field string
		if strings.HasPrefix(line, `"`) {
			end := strings.IndexByte(line[1:], '"')
			if end < 0 {
				return nil, errors.New("a quote has no end")
			}
			field, line = line[1:1+end], line[2+end:]
			if line != "" && line[0] != ' ' {
				return nil, errors.New("no space after a quote")
			}
			line = strings.TrimPrefix(line, " ")
		} else {
			field, line, _ = strings.Cut(line, " ")
		}
		fields = append(fields, field)
	}
	return fields, nil
}

// request reads the method and the URL of a request line. Both are empty where the load
// balancer could not read the request. The URL may have spaces.
func request(line string) (method string, at *url.URL, err error) {
	if line == leftOut || strings.HasPrefix(line, requestLeftOut) {
		return "", nil, nil
	}
	method, rest, _ := strings.Cut(line, " ")
	end := strings.LastIndexByte(rest, ' ')
	if end < 0 {
		return "", nil, errors.New("want a method, a URL and a protocol")
	}
	if at, err = url.Parse(sendable(rest[:end])); err != nil {
		return "", nil, errors.New("its URL is malformed")
	}
	return method, at, nil
}

// escaped is a byte as the load balancer writes it.
var escaped = regexp.MustCompile(`\\x([0-9a-fA-F]{2})`)

// sendable returns a URL as a client can send it again: with percent signs in the place of the
// log's own escapes, and of spaces.
func sendable(text string) string {
	return strings.ReplaceAll(escaped.ReplaceAllString(text, "%$1"), " ", "%20")
}

func text(field string) string {
	if field == leftOut {
		return ""
	}
	return field
}

func integer(field string) (int, error) {
	if field == leftOut {
		return 0, nil
	}
	return strconv.Atoi(field)
}

// duration reads seconds. The load balancer writes -1 where there is no time.
func duration(field string) (time.Duration, error) {
	if field == leftOut || field == "-1" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(field, 64)
	if err != nil || seconds < 0 || seconds > (1<<31) {
		return 0, fmt.Errorf("%q: want seconds", field)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// Read reads a log, plain or compressed with gzip, and hands over each entry. It returns how
// many lines it could not read, and the first of their errors; err is about the log as a
// whole. An error of take ends it.
func Read(from io.Reader, take func(Entry) error) (rejected int, first, err error) {
	lines, err := plain(bufio.NewReader(from))
	if err != nil {
		return 0, nil, err
	}
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, longestLine)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimRight(scanner.Text(), "\r")
		if line == "" {
			continue
		}
		entry, err := Parse(line)
		if err != nil {
			if rejected++; first == nil {
				first = fmt.Errorf("line %d: %w", n, err)
			}
			continue
		}
		if err := take(entry); err != nil {
			return rejected, first, err
		}
	}
	return rejected, first, scanner.Err()
}

// Files returns a file, or the files of a folder and of those in it, but hidden ones.
func Files(name string) (files []string, err error) {
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (path == name || !strings.HasPrefix(entry.Name(), ".")) {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// plain returns the text of a log that may be compressed.
func plain(from *bufio.Reader) (io.Reader, error) {
	magic, err := from.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(from)
	}
	return from, nil
}
