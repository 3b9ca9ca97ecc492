using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace Tally.Outbox.Relaying;

/// <summary>Headers as the table holds them: a JSON object of texts.</summary>
internal static class StoredHeaders
{
    /// <exception cref="ShardStoppedException">They can't be read, so what was stored is damaged.</exception>
    public static Headers? Read(string? json, long sequence)
    {
        if (json is null)
        {
            return null;
        }

        try
        {
            var headers = new Headers();
            foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, string?>>(json)!)
            {
                headers.Add(name, value is null ? null : Encoding.UTF8.GetBytes(value));
            }

            return headers;
        }
        catch (JsonException)
        {
            throw new ShardStoppedException($"the headers of result {sequence} can't be read");
        }
    }
}
