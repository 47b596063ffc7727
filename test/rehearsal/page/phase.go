package page

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// maxOrder is far more than a name and a phase need.
const maxOrder = 1 << 10

// order is the phase that a person wants one program to have.
type order struct {
	Name  string `json:"name"`
	Phase string `json:"phase"`
}

func movePhase(w http.ResponseWriter, req *http.Request, r Rehearsal) {
	// Another site's form cannot send JSON, and its script not without asking first.
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "want Content-Type: application/json", http.StatusUnsupportedMediaType)
		return
	}
	wish, err := readOrder(http.MaxBytesReader(w, req.Body, maxOrder))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "want 1 KiB at most", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, `want {"name": "alpha", "phase": "live"}: `+err.Error(), http.StatusBadRequest)
		return
	}
	switch err := r.Move(wish.Name, wish.Phase); {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case errors.Is(err, ErrBusy):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	}
}

// readOrder reads one order and refuses whatever else there is.
func readOrder(body io.Reader) (order, error) {
	var o order
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return order{}, err
	}
	switch _, err := d.Token(); {
	case errors.Is(err, io.EOF):
		return o, nil
	case err != nil:
		return order{}, err
	default:
		return order{}, errors.New("more than one value")
	}
}
