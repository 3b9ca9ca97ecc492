using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Tally.Telemetry.Hosting;

/// <summary>A single value of the configuration and the type it is meant to have.</summary>
internal static class SettingValue
{
    /// <summary>Whether the type is written as one text.</summary>
    public static bool IsSingle(Type type) =>
        type == typeof(object) || type == typeof(byte[]) || TypeDescriptor.GetConverter(Bare(type)).CanConvertFrom(typeof(string));

    /// <summary>Whether the text can be converted.</summary>
    public static bool CanBe(string text, Type type)
    {
        var bare = Bare(type);
        if (bare == typeof(string) || bare == typeof(object) || (text.Length == 0 && bare != type))
        {
            return true;
        }

        // A plain number would be taken for days, and a number for an enumeration would be taken even if it means nothing.
        if ((bare == typeof(TimeSpan) && !text.Contains(':', StringComparison.Ordinal)) || (bare.IsEnum && !Names(bare, text)))
        {
            return false;
        }

        try
        {
            return bare == typeof(byte[])
                ? Convert.TryFromBase64String(text, new byte[text.Length], out _)
                : TypeDescriptor.GetConverter(bare).ConvertFromString(null, CultureInfo.InvariantCulture, text) is not null;
        }
#pragma warning disable CA1031 // Converters wrap what they throw in many types, bare Exception among them.
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
    }

    /// <summary>What the type takes, with the limits of the property where it has any.</summary>
    public static string Allowed(Type type, PropertyInfo property)
    {
        var words = Words(Bare(type));
        return property.GetCustomAttribute<RangeAttribute>() is { } range ? $"{words}, {SettingLimits.Allowed(range)}" : words;
    }

    private static string Words(Type type)
    {
        if (type.IsEnum)
        {
            return string.Join(", ", Enum.GetNames(type));
        }

        if (type == typeof(TimeSpan))
        {
            return "a time as hh:mm:ss (00:00:30, 00:00:00.250; with days 1.00:00:00)";
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => "true or false",
            TypeCode.Single or TypeCode.Double or TypeCode.Decimal => "a number",
            >= TypeCode.SByte and <= TypeCode.UInt64 => "a whole number",
            _ => type == typeof(Uri) ? "a URI" : type == typeof(Guid) ? "a UUID" : type.Name,
        };
    }

    private static bool Names(Type type, string text) => text.Split(',', StringSplitOptions.TrimEntries)
        .All(part => Enum.GetNames(type).Contains(part, StringComparer.OrdinalIgnoreCase));

    private static Type Bare(Type type) => Nullable.GetUnderlyingType(type) ?? type;
}
