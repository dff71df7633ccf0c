package main

import (
	"reflect"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errorCodes returns the names of all errors that are anywhere in a response, each once.
func errorCodes(response kmsg.Response) []string {
	found := []string{}
	var look func(reflect.Value)
	look = func(value reflect.Value) {
		switch value.Kind() {
		case reflect.Pointer:
			if !value.IsNil() {
				look(value.Elem())
			}
		case reflect.Slice:
			for i := range value.Len() {
				look(value.Index(i))
			}
		case reflect.Struct:
			for i := range value.NumField() {
				if field := value.Type().Field(i); !field.IsExported() {
					continue
				} else if field.Name == "ErrorCode" {
					if code := int16(value.Field(i).Int()); code != 0 {
						found = append(found, kerr.TypedErrorForCode(code).Message)
					}
				} else {
					look(value.Field(i))
				}
			}
		default:
		}
	}
	look(reflect.ValueOf(response))
	slices.Sort(found)
	if found = slices.Compact(found); len(found) == 0 {
		return nil
	}
	return found
}
