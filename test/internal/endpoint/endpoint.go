// Package endpoint answers calls of AWS's APIs over HTTP, with what an account that is no
// AWS's has: a rehearsal's region, or what a test has written down. The SDK for Go finds it by
// AWS_ENDPOINT_URL.
//
// It speaks the query protocol, as CloudFormation and Elastic Load Balancing do, and RPC v2
// with CBOR, as CloudWatch does.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
package endpoint

import (
	"errors"
	"io"
	"net/http"
	"path"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"
)

// Call is a call of an API.
type Call struct {
	// Operation is such as DescribeRules.
	Operation string
	// Input are the parameters, as JSON would have them.
	Input map[string]any
}

// Text is a parameter that is a text, and empty without it.
func (c Call) Text(name string) string {
	text, _ := c.Input[name].(string)
	return text
}

// Texts is a parameter that is a list of texts.
func (c Call) Texts(name string) []string {
	list, _ := c.Input[name].([]any)
	var texts []string
	for _, element := range list {
		text, _ := element.(string)
		texts = append(texts, text)
	}
	return texts
}

// Handler answers each call with the output of the SDK for Go that answer returns for it, such
// as *elasticloadbalancingv2.DescribeRulesOutput. An error of another type than
// smithy.APIError is an InternalFailure. It refuses calls that are not signed.
func Handler(answer func(Call) (output any, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		read, write := readQuery, writeQuery
		if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
			read, write = readCBOR, writeCBOR
		}
		call, err := read(r)
		var output any
		switch {
		case err != nil:
			err = &smithy.GenericAPIError{Code: "SerializationException", Message: err.Error()}
		case r.Header.Get("Authorization") == "":
			err = &smithy.GenericAPIError{Code: "MissingAuthenticationToken", Message: "the call is not signed"}
		default:
			output, err = answer(call)
		}
		write(w, call, output, apiError(err))
	})
}

// apiError is an error as APIs have it, and nil of nil.
func apiError(err error) smithy.APIError {
	if err == nil {
		return nil
	}
	if of := smithy.APIError(nil); errors.As(err, &of) {
		return of
	}
	return &smithy.GenericAPIError{Code: "InternalFailure", Message: err.Error()}
}

func readQuery(r *http.Request) (Call, error) {
	if err := r.ParseForm(); err != nil {
		return Call{}, err
	}
	return Call{Operation: r.PostForm.Get("Action"), Input: nested(r.PostForm)}, nil
}

func readCBOR(r *http.Request) (Call, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Call{}, err
	}
	value, err := cbor.Decode(body)
	if err != nil {
		return Call{}, err
	}
	input, _ := plain(value).(map[string]any)
	return Call{Operation: path.Base(r.URL.Path), Input: input}, nil
}

func writeQuery(w http.ResponseWriter, call Call, output any, err smithy.APIError) {
	w.Header().Set("Content-Type", "text/xml")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, element("ErrorResponse", element("Error",
			element("Type", "Sender")+element("Code", escaped(err.ErrorCode()))+element("Message", escaped(err.ErrorMessage())))))
		return
	}
	_, _ = io.WriteString(w, element(call.Operation+"Response", element(call.Operation+"Result", asXML(output))))
}

func writeCBOR(w http.ResponseWriter, _ Call, output any, err smithy.APIError) {
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(err.ErrorCode()), "message": cbor.String(err.ErrorMessage())}))
		return
	}
	_, _ = w.Write(cbor.Encode(asCBOR(output)))
}
