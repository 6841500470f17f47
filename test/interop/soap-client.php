<?php
// Calls a text service as programs do: the URL of its WSDL, and nothing else but the SOAP version.
//   soap-client.php 1.1|1.2 URL
// Reads and answers JSON lines as soap-clients.py does.
$client = new SoapClient($argv[2], [
    'cache_wsdl' => WSDL_CACHE_NONE,
    'soap_version' => $argv[1] === '1.2' ? SOAP_1_2 : SOAP_1_1,
]);
while (($line = fgets(STDIN)) !== false) {
    $asked = json_decode($line);
    $operation = $asked->operation;
    try {
        $reply = $client->$operation(['string' => $asked->string]);
        $answer = ['result' => $reply->{"{$operation}Result"}];
    } catch (SoapFault $fault) {
        $answer = ['fault' => $fault->getMessage(), 'detail' => array_keys((array) ($fault->detail ?? []))];
    }
    echo json_encode($answer), "\n";
}
