package page

import "time"

// State is all that the page shows, at one moment.
type State struct {
	// Name is that of the catalog.
	Name string `json:"name"`
	// Services are in the order of the catalog, the monolith last.
	Services []Service `json:"services"`
	// Connections are in the order of their callers' names.
	Connections []Connection `json:"connections"`
	// Rules are in the order in which the listener evaluates them, the default
	// action last.
	Rules   []Rule  `json:"rules"`
	Traffic Traffic `json:"traffic"`
	// Answers are the last ones, the newest first.
	Answers    []Answer   `json:"answers"`
	Deployment Deployment `json:"deployment"`
	// Timeline is what happened, the newest first, 200 events at most.
	Timeline []Event `json:"timeline"`
}

// Service is one program: a service of the catalog, or the monolith.
type Service struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
	// Phases are the words to choose from.
	Phases []string `json:"phases"`
	// Paths are the patterns that are the service's own, /* for the monolith, and Only the
	// hosts and verbs of their first, if it has some.
	Paths []string `json:"paths"`
	Only  []string `json:"only"`
	// Routes are those that have a phase of their own.
	Routes            []Route `json:"routes"`
	Tasks             []Task  `json:"tasks"`
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	ErrorsPerSecond   float64 `json:"errorsPerSecond"`
	// Deployed means that the service's stack exists.
	Deployed bool `json:"deployed"`
}

// Route is a part of a service's requests that has a phase of its own.
type Route struct {
	// Name is the key of the phase, such as "alpha.reads".
	Name   string   `json:"name"`
	Phase  string   `json:"phase"`
	Phases []string `json:"phases"`
	// Paths, Only are as those of the service.
	Paths []string `json:"paths"`
	Only  []string `json:"only"`
}

// Task is one running copy of a program.
type Task struct {
	Address string `json:"address"`
	// State is starting, initial, healthy, unhealthy, draining or, of a program that
	// is just going, unused.
	State string `json:"state"`
}

// Connection is the way of one program to another, without the load balancer.
type Connection struct {
	Caller            string  `json:"caller"`
	Callee            string  `json:"callee"`
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	ErrorsPerSecond   float64 `json:"errorsPerSecond"`
}

// Rule is one listener rule, or the listener's default action.
type Rule struct {
	Stack string `json:"stack"`
	ID    string `json:"id"`
	// Priority is 0 for the default action.
	Priority int `json:"priority"`
	// Conditions must all be met. The default action has none.
	Conditions []Condition `json:"conditions"`
	// Rewrite is how the URL changes on the way to the program, "^/api/(.*)$ → /$1". Empty
	// means that it stays.
	Rewrite string `json:"rewrite"`
	// Shares are the weights of the target groups that the rule forwards to.
	Shares []Share `json:"shares"`
	// Answer is the status of a fixed response, for a rule that does not forward.
	Answer string `json:"answer"`
	// Live is false for a preview rule.
	Live bool `json:"live"`
}

// Condition is one of a rule's. It is met by one of its values.
type Condition struct {
	// Kind is path, host, verb, query, source or header.
	Kind string `json:"kind"`
	// Name is that of the header, and empty for the other kinds.
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Share is the part of a rule's requests that goes to one program.
type Share struct {
	Program string  `json:"program"`
	Percent float64 `json:"percent"`
}

// LoadBalancer is the program of the answers that the load balancer gives itself.
const LoadBalancer = "load balancer"

// Traffic is what the clients met in the last minute.
type Traffic struct {
	Series []Series `json:"series"`
}

// Series is one program's part of the traffic, one value a second, the oldest
// first, 59 of them.
type Series struct {
	Program  string    `json:"program"`
	Requests []float64 `json:"requests"`
	Errors   []float64 `json:"errors"`
}

// Answer is one answer that a client got.
type Answer struct {
	Method       string  `json:"method"`
	Path         string  `json:"path"`
	Status       int     `json:"status"`
	Program      string  `json:"program"`
	Milliseconds float64 `json:"milliseconds"`
}

// Deployment is the one that runs, or else the last.
type Deployment struct {
	Running bool `json:"running"`
	// Move is the move in words, "alpha: dark → live". Empty means that there
	// has been none.
	Move    string   `json:"move"`
	Changes []Change `json:"changes"`
	// Log are the last lines, such as "Alpha LiveRule create complete".
	Log []string `json:"log"`
	// Error is why it failed, in one line.
	Error string `json:"error"`
}

// Change is what a deployment does to one resource.
type Change struct {
	Stack    string `json:"stack"`
	Resource string `json:"resource"`
	// Action is create, update, replace or delete.
	Action string `json:"action"`
	// Detail is what that means, "/api/alpha: monolith 90 %, alpha 10 %".
	Detail string `json:"detail"`
}

// Event is one thing that happened.
type Event struct {
	// Number is 1 for the first event.
	Number int       `json:"number"`
	Time   time.Time `json:"time"`
	// Kind is deployment, task or scaling.
	Kind string `json:"kind"`
	// Program is the one that it is about, and empty for a deployment.
	Program string `json:"program"`
	// Text is what happened, such as "task 3 is healthy".
	Text string `json:"text"`
	// Failed is whether something failed.
	Failed bool `json:"failed"`
}

// Log is what one task has written.
type Log struct {
	// Task is the task's number: 1 is the first of its program.
	Task int `json:"task"`
	// Address is empty until the program runs.
	Address string `json:"address"`
	Ended   bool   `json:"ended"`
	// Lines are the last ones, the oldest first.
	Lines []string `json:"lines"`
}
