package alb

import "strings"

// normalizePath returns the form of a URL's path that path patterns see.
//
// AWS documents that "the rule evaluation is performed only after URI normalization
// occurs", but not what that changes. This is the syntax-based normalization of
// RFC 3986, section 6.2.2:
//   - percent-encoded letters, digits and -._~ are decoded; every other encoding
//     stays, with its hexadecimal digits in upper case. An encoded slash therefore
//     stays part of its segment.
//   - the segments "." and ".." are resolved; ".." has no effect at the root.
//     Empty segments stay: "//" is not "/".
//
// Only the rules use this form: the target receives the path as the client sent it.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
func normalizePath(path string) string {
	path = decodeUnreserved(path)
	if strings.Contains(path, "/.") {
		path = removeDotSegments(path)
	}
	return path
}

// decodeUnreserved decodes percent-encoded unreserved characters.
func decodeUnreserved(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			b.WriteByte(path[i])
			continue
		}
		if char := unhex(path[i+1])<<4 | unhex(path[i+2]); isUnreserved(char) {
			b.WriteByte(char)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// removeDotSegments resolves "." and ".." in a path that begins with a slash.
func removeDotSegments(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, segment := range segments {
		if segment != "." && segment != ".." {
			kept = append(kept, segment)
			continue
		}
		if segment == ".." && len(kept) > 0 {
			kept = kept[:len(kept)-1]
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}

func isUnreserved(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
