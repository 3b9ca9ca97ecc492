using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Tally.Telemetry.Hosting;

/// <summary>Walks a section of the configuration beside the type it will be bound to.</summary>
internal static class SettingTree
{
    /// <summary>Adds a sentence for each key that the type doesn't have and for each value that it can't take.</summary>
    public static void Check(IConfigurationSection section, Type type, List<string> faults)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            faults.Add($"{section.Path} is {SettingLimits.Show(section.Key, section.Value)}; it is a section, its settings are {section.Path}:NAME.");
        }

        var properties = Properties(type);
        foreach (var child in section.GetChildren())
        {
            if (properties.TryGetValue(child.Key, out var property))
            {
                CheckValue(child, property.PropertyType, property, faults);
            }
            else
            {
                faults.Add(Spelling.Unknown(child.Key, section.Path, properties.Keys));
            }
        }
    }

    private static void CheckValue(IConfigurationSection section, Type type, PropertyInfo property, List<string> faults)
    {
        if (SettingValue.IsSingle(type))
        {
            faults.AddRange(section.GetChildren().Select(child => $"{child.Path} is not a setting; {section.Path} takes a single value."));
            if (section.Value is { } value && !SettingValue.CanBe(value, type))
            {
                faults.Add($"{section.Path} is {SettingLimits.Show(section.Key, value)}; allowed: {SettingValue.Allowed(type, property)}.");
            }
        }
        else if (ElementType(type) is { } element)
        {
            if (!string.IsNullOrEmpty(section.Value))
            {
                faults.Add($"{section.Path} is {SettingLimits.Show(section.Key, section.Value)}; allowed: several values, {section.Path}:KEY each.");
            }

            foreach (var child in section.GetChildren())
            {
                CheckValue(child, element, property, faults);
            }
        }
        else
        {
            Check(section, type, faults);
        }
    }

    private static Dictionary<string, PropertyInfo> Properties(Type type) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.GetIndexParameters().Length == 0)
        .Where(property => property.SetMethod is { IsPublic: true } || !SettingValue.IsSingle(property.PropertyType))
        .ToDictionary(property => property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name ?? property.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Of a list its elements' type, of a dictionary its values'; nothing for other types.</summary>
    private static Type? ElementType(Type type)
    {
        var interfaces = type.GetInterfaces().Append(type).Where(face => face.IsGenericType).ToList();
        var dictionary = interfaces.Find(face =>
            face.GetGenericTypeDefinition() == typeof(IDictionary<,>) || face.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>));
        var list = interfaces.Find(face => face.GetGenericTypeDefinition() == typeof(IEnumerable<>));
        return dictionary?.GetGenericArguments()[1] ?? list?.GetGenericArguments()[0];
    }
}
