<?php
// Calls what it is told to with PHP's SoapClient. See ../clients.ts for what it reads and writes.

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

/** A WS-Security header with a UsernameToken, which SoapClient has no words for. */
function token(string $user, string $password): SoapHeader
{
    [$user, $password] = array_map(fn($text) => htmlspecialchars($text, ENT_XML1), [$user, $password]);
    $xml = '<wsse:Security xmlns:wsse="' . WSSE . '"><wsse:UsernameToken>' .
        "<wsse:Username>$user</wsse:Username><wsse:Password>$password</wsse:Password>" .
        '</wsse:UsernameToken></wsse:Security>';
    return new SoapHeader(WSSE, 'Security', new SoapVar($xml, XSD_ANYXML), true);
}

function client(stdClass $asked): SoapClient
{
    static $clients = [];
    return $clients["$asked->wsdl $asked->version"] ??= new SoapClient($asked->wsdl, [
        'cache_wsdl' => WSDL_CACHE_NONE,
        'soap_version' => $asked->version === '1.2' ? SOAP_1_2 : SOAP_1_1,
        // A list is a list, however many are in it.
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    ]);
}

function answer(stdClass $asked): array
{
    $client = client($asked);
    $client->__setSoapHeaders(isset($asked->user) ? [token($asked->user, $asked->password)] : null);
    if (isset($asked->input->content)) $asked->input->content = base64_decode($asked->input->content);
    try {
        $result = $client->__soapCall($asked->operation, [$asked->input]);
        if (isset($result->content)) $result->content = base64_encode($result->content);
        return ['result' => $result];
    } catch (SoapFault $fault) {
        if (!isset($fault->detail)) throw $fault;
        foreach ($fault->detail as $name => $detail) {
            return ['fault' => ['name' => $name, 'reason' => $fault->getMessage(), 'detail' => $detail]];
        }
    }
}

while (($line = fgets(STDIN)) !== false) {
    try {
        $answer = answer(json_decode($line));
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR), "\n";
}
