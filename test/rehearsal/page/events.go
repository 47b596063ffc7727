package page

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// interval is the time between two events: short enough that a share is seen to
// move, long enough to read a number.
const interval = 500 * time.Millisecond

// streamStates sends the state until the client goes. A browser connects again
// by itself a second after it has lost the stream.
func streamStates(w http.ResponseWriter, req *http.Request, r Rehearsal) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprint(w, "retry: 1000\n\n")
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := sendState(w, r.State()); err != nil {
			return
		}
		select {
		case <-req.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func sendState(w http.ResponseWriter, state State) error {
	body, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
