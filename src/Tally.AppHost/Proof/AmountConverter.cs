using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tally.AppHost.Proof;

/// <summary>An amount in JSON: a string in the shortest form, since a JSON number would lose digits.</summary>
internal sealed class AmountConverter : JsonConverter<Amount>
{
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Amount.TryParseTotal(reader.GetString(), out var amount)
            ? amount
            : throw new JsonException("An amount must be a string like \"42.5\".");

    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
