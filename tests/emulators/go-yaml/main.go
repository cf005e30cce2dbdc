// Reads YAML texts, a JSON string a line, and answers what four readers of the go-yaml family take
// them for, a JSON object a line: {"kops": …, "strict": …, "v2": …, "v3": …}, each {"value": …} or
// {"error": "…"}. `kops` is sigs.k8s.io/yaml, which kops uses.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	yaml2 "gopkg.in/yaml.v2"
	yaml3 "gopkg.in/yaml.v3"
	sigs "sigs.k8s.io/yaml"
)

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func of(body []byte, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Value: body}
}

// plain makes a value of go-yaml one of JSON; a key that is no string shows its type.
func plain(value any) any {
	switch value := value.(type) {
	case map[any]any:
		made := map[string]any{}
		for key, inner := range value {
			text, ok := key.(string)
			if !ok {
				text = fmt.Sprintf("!%T %v", key, key)
			}
			made[text] = plain(inner)
		}
		return made
	case map[string]any:
		made := map[string]any{}
		for key, inner := range value {
			made[key] = plain(inner)
		}
		return made
	case []any:
		made := make([]any, len(value))
		for index, inner := range value {
			made[index] = plain(inner)
		}
		return made
	}
	return value
}

func read(text []byte, unmarshal func([]byte, any) error) (result answer) {
	defer func() {
		if failed := recover(); failed != nil {
			result = answer{Error: fmt.Sprint(failed)}
		}
	}()
	var value any
	if err := unmarshal(text, &value); err != nil {
		return answer{Error: err.Error()}
	}
	return of(json.Marshal(plain(value)))
}

func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	lines := json.NewDecoder(in)
	for {
		var text string
		if err := lines.Decode(&text); err != nil {
			return
		}
		body := []byte(text)
		answers := map[string]answer{
			"kops":   of(sigs.YAMLToJSON(body)),
			"strict": of(sigs.YAMLToJSONStrict(body)),
			"v2":     read(body, func(text []byte, to any) error { return yaml2.Unmarshal(text, to) }),
			"v3":     read(body, func(text []byte, to any) error { return yaml3.Unmarshal(text, to) }),
		}
		if err := out.Encode(answers); err != nil {
			return
		}
	}
}
