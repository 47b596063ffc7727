package alb

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The cookies of stickiness, and the time after which a browser forgets them: what a
// cookie is good for ends with the duration in it. AWS encrypts the content; here it is
// readable, and every node of the load balancer reads it alike. The second cookie for
// requests from other origins, AWSALBCORS, is left out.
//
// There is one cookie of each name for the whole load balancer. AWS does not say that it
// remembers more than the last choice, so here a client that visits another group, or another
// rule that shares, is divided anew when it comes back.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
const (
	targetCookie = "AWSALB"
	groupCookie  = "AWSALBTG"
	cookieLife   = 7 * 24 * time.Hour
)

// MaxStickiness is the longest duration of either kind of stickiness.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupStickinessConfig.html
const MaxStickiness = cookieLife

// stick gives the client a cookie with a choice, from now on for a duration.
func stick(w http.ResponseWriter, cookie, choice string, duration time.Duration) {
	now := time.Now()
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Path: "/", Expires: now.Add(cookieLife),
		Value: base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", now.Add(duration).UnixNano(), choice)),
	})
}

// stuck returns the choice in a client's cookie, or "" when it has none or its time is
// over.
func stuck(r *http.Request, cookie string) string {
	sent, err := r.Cookie(cookie)
	if err != nil {
		return ""
	}
	content, err := base64.RawURLEncoding.DecodeString(sent.Value)
	if err != nil {
		return ""
	}
	until, choice, _ := strings.Cut(string(content), " ")
	if end, err := strconv.ParseInt(until, 10, 64); err != nil || time.Now().UnixNano() >= end {
		return ""
	}
	return choice
}

// stickyTo returns the action that sends a request to the group in the client's cookie, if
// the rule forwards to that, and otherwise to one by weight. Each answer renews the cookie.
//
// AWS does not say what becomes of a cookie when the weights change: here the client keeps
// its group whatever they are. The cookie counts only where the rule has stickiness.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
func (f Forward) stickyTo(w http.ResponseWriter, r *http.Request, duration time.Duration, intN func(n int) int) Forward {
	group := stuck(r, groupCookie)
	if !f.has(group) {
		var ok bool
		if group, ok = f.pick(intN); !ok {
			return nil
		}
	}
	stick(w, groupCookie, group, duration)
	return ForwardTo(group)
}

func (f Forward) has(group string) bool {
	for _, weighted := range f {
		if weighted.TargetGroup == group {
			return true
		}
	}
	return false
}
