package assembly

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// resolver resolves the intrinsic functions in the values of one stack's template.
type resolver struct {
	*linker
	stack *Stack
	// refs collects the logical ids that values refer to.
	refs []string
}

// absent is what AWS::NoValue resolves to: the property is left out.
type absent struct{}

// opaqueList describes a list whose elements are known only after deployment.
type opaqueList string

// resolve returns a value without intrinsic functions. The path is its place, for errors.
func (r *resolver) resolve(path string, value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			return r.call(path, name, argument)
		}
		return r.mapping(path+".", v)
	case []any:
		list := []any{}
		for i, element := range v {
			item, err := r.resolve(fmt.Sprintf("%s[%d]", path, i), element)
			if err != nil {
				return nil, err
			}
			if item != (absent{}) {
				list = append(list, item)
			}
		}
		return list, nil
	}
	return value, nil
}

func (r *resolver) mapping(prefix string, m map[string]any) (map[string]any, error) {
	resolved := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value, err := r.resolve(prefix+key, m[key])
		if err != nil {
			return nil, err
		}
		if value != (absent{}) {
			resolved[key] = value
		}
	}
	return resolved, nil
}

func (r *resolver) text(path string, value any) (string, error) {
	resolved, err := r.resolve(path, value)
	if err != nil {
		return "", err
	}
	s, ok := scalar(resolved)
	if !ok {
		return "", fmt.Errorf("%s: %v is no text", path, resolved)
	}
	return s, nil
}

func intrinsic(m map[string]any) (name string, argument any, ok bool) {
	if len(m) == 1 {
		for name, argument = range m {
			ok = name == "Ref" || strings.HasPrefix(name, "Fn::")
		}
	}
	return name, argument, ok
}

// call evaluates an intrinsic function.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
func (r *resolver) call(path, name string, argument any) (any, error) {
	argument, err := r.resolve(path, argument)
	if err != nil {
		return nil, err
	}
	arguments, _ := argument.([]any)
	switch name {
	case "Ref":
		if id, ok := argument.(string); ok {
			return r.ref(path, id)
		}
	case "Fn::GetAtt":
		if id, attribute, ok := attributeName(argument); ok {
			return r.attribute(path, id, attribute)
		}
	case "Fn::Sub":
		return r.sub(path, argument)
	case "Fn::Join":
		if len(arguments) == 2 {
			return r.join(path, arguments[0], arguments[1])
		}
	case "Fn::Split":
		if delimiter, source, ok := twoTexts(arguments); ok && delimiter != "" {
			return split(delimiter, source), nil
		}
	case "Fn::Select":
		if len(arguments) == 2 {
			return r.choose(path, arguments[0], arguments[1])
		}
	case "Fn::GetAZs":
		if region, ok := argument.(string); ok {
			return r.zones(region), nil
		}
	case "Fn::FindInMap":
		return r.find(path, arguments)
	case "Fn::ImportValue":
		if export, ok := argument.(string); ok {
			return r.importValue(path, export)
		}
	case "Fn::GetStackOutput":
		if output, ok := argument.(map[string]any); ok {
			return r.stackOutput(path, output)
		}
	default:
		return nil, fmt.Errorf("%s: %s is not supported", path, name)
	}
	return nil, fmt.Errorf("%s: %s cannot take %v", path, name, argument)
}

func (r *resolver) ref(path, id string) (any, error) {
	if strings.HasPrefix(id, "AWS::") {
		return r.pseudoParameter(path, id)
	}
	if _, ok := r.stack.Parameters[id]; ok {
		return identity(r.stack.ID, id), nil
	}
	if _, ok := r.stack.Template.Resource(id); !ok {
		return nil, fmt.Errorf("%s: the template has no %q", path, id)
	}
	r.refs = append(r.refs, id)
	return identity(r.stack.ID, id), nil
}

func (r *resolver) attribute(path, id, attribute string) (any, error) {
	if _, ok := r.stack.Template.Resource(id); !ok {
		return nil, fmt.Errorf("%s: the template has no resource %q", path, id)
	}
	r.refs = append(r.refs, id)
	return identity(r.stack.ID, id+"."+attribute), nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

func (r *resolver) sub(path string, argument any) (any, error) {
	variables := map[string]any{}
	if arguments, ok := argument.([]any); ok && len(arguments) == 2 {
		argument = arguments[0]
		variables, _ = arguments[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("%s: Fn::Sub cannot take %v", path, argument)
	}
	var failed error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := strings.Trim(match, "${}")
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, ok := variables[name]
		if !ok {
			var err error
			if id, attribute, isAttribute := strings.Cut(name, "."); isAttribute {
				value, err = r.attribute(path, id, attribute)
			} else {
				value, err = r.ref(path, name)
			}
			if err != nil {
				failed = err
				return ""
			}
		}
		s, ok := scalar(value)
		if !ok {
			failed = fmt.Errorf("%s: Fn::Sub cannot take %v for %s", path, value, match)
		}
		return s
	})
	return result, failed
}

func (r *resolver) join(path string, delimiter, list any) (any, error) {
	d, ok := delimiter.(string)
	elements, isList := list.([]any)
	if !ok || !isList {
		return nil, fmt.Errorf("%s: Fn::Join cannot take %v", path, list)
	}
	var parts []string
	for _, element := range elements {
		part, ok := scalar(element)
		if !ok {
			return nil, fmt.Errorf("%s: Fn::Join cannot take %v", path, element)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, d), nil
}

// split returns an opaqueList for a source with an identity whose deployed value
// could contain the delimiter, as an ARN contains colons and slashes.
func split(delimiter, source string) any {
	if strings.Contains(source, "${") && strings.ContainsAny(delimiter, ":/.-_") {
		return opaqueList(fmt.Sprintf("Fn::Split(%s, %s)", delimiter, source))
	}
	var list []any
	for element := range strings.SplitSeq(source, delimiter) {
		list = append(list, element)
	}
	return list
}

func (r *resolver) choose(path string, index, list any) (any, error) {
	text, _ := scalar(index)
	i, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("%s: Fn::Select cannot take %v", path, index)
	}
	switch list := list.(type) {
	case opaqueList:
		return fmt.Sprintf("${Fn::Select(%d, %s)}", i, list), nil
	case []any:
		if 0 <= i && i < len(list) {
			return list[i], nil
		}
	}
	return nil, fmt.Errorf("%s: Fn::Select finds no element %d in %v", path, i, list)
}

func (r *resolver) find(path string, keys []any) (any, error) {
	if len(keys) >= 3 {
		name, _ := keys[0].(string)
		first, _ := keys[1].(string)
		second, _ := keys[2].(string)
		if value, ok := r.stack.Mappings[name][first][second]; ok {
			return value, nil
		}
	}
	return nil, fmt.Errorf("%s: Fn::FindInMap finds nothing at %v", path, keys)
}

func (r *resolver) importValue(path, export string) (any, error) {
	name, ok := r.exports[export]
	if !ok {
		return nil, fmt.Errorf("%s: no stack exports %q", path, export)
	}
	return r.read(name, r.stack)
}

func (r *resolver) stackOutput(path string, argument map[string]any) (any, error) {
	var name outputName
	name.stack, _ = argument["StackName"].(string)
	name.id, _ = argument["OutputName"].(string)
	if _, ok := r.outputs[name]; !ok {
		return nil, fmt.Errorf("%s: stack %q has no output %q", path, name.stack, name.id)
	}
	return r.read(name, r.stack)
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// attributeName reads both forms of Fn::GetAtt: ["Id", "Attribute"] and "Id.Attribute".
func attributeName(argument any) (id, attribute string, ok bool) {
	if text, isText := argument.(string); isText {
		return strings.Cut(text, ".")
	}
	pair, _ := argument.([]any)
	return twoTexts(pair)
}

func twoTexts(arguments []any) (first, second string, ok bool) {
	if len(arguments) != 2 {
		return "", "", false
	}
	first, ok = arguments[0].(string)
	second, isText := arguments[1].(string)
	return first, second, ok && isText
}
