using System.Globalization;
using System.Text.Json;
using Tally.AppHost.Commands;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Support;

/// <summary>Asks the Prometheus of a system.</summary>
internal sealed class PrometheusAnswers(WholeSystem system) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly HttpClient _http = new() { BaseAddress = AddressOf(system) };

    public static Uri AddressOf(WholeSystem system) => new(system.System.State.Components[ComponentNames.Prometheus].Endpoints[ComponentNames.Http]);

    public void Dispose() => _http.Dispose();

    /// <summary>The series that a query gives now, as JSON.</summary>
    public async Task<IReadOnlyList<string>> AskAsync(string query) =>
        [.. (await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}")).GetProperty("result").EnumerateArray().Select(series => series.GetRawText())];

    /// <summary>Waits until a query gives a series.</summary>
    public Task SeesAsync(string query) => Eventually.TrueAsync(async () => (await AskAsync(query)).Count > 0, Patience, query);

    /// <summary>All values of all series that a query gives between two instants.</summary>
    public async Task<IReadOnlyList<double>> RangeAsync(string query, DateTimeOffset from, DateTimeOffset to, TimeSpan step)
    {
        var data = await GetAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"/api/v1/query_range?query={Uri.EscapeDataString(query)}&start={from.ToUnixTimeSeconds()}&end={to.ToUnixTimeSeconds()}&step={step.TotalSeconds}"));
        return
        [
            .. data.GetProperty("result").EnumerateArray().SelectMany(series => series.GetProperty("values").EnumerateArray())
                .Select(value => value[1].GetString() switch
                {
                    "+Inf" => double.PositiveInfinity,
                    "-Inf" => double.NegativeInfinity,
                    var number => double.Parse(number!, CultureInfo.InvariantCulture),
                }),
        ];
    }

    /// <summary>The values that a label of some series had between two instants.</summary>
    public async Task<IReadOnlyList<string>> ValuesAsync(string label, string series, DateTimeOffset from, DateTimeOffset to) =>
    [
        .. (await GetAsync($"/api/v1/label/{label}/values?match[]={Uri.EscapeDataString(series)}&start={from.ToUnixTimeSeconds()}&end={to.ToUnixTimeSeconds()}"))
            .EnumerateArray().Select(value => value.GetString()!),
    ];

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{Uri.UnescapeDataString(path)}: {text}");
        using var parsed = JsonDocument.Parse(text);
        return parsed.RootElement.GetProperty("data").Clone();
    }
}
